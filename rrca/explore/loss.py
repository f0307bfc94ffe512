"""α and k of the loss under two sliders."""

import html

from rrca import losses, plots

ALPHAS = (0.0, 12.0)
PER_CENTS = (1.0, 50.0)
GOAL = (
    "Find the α at which the slope at p = 0.1 is twice that of α = 0. "
    "Then find the smallest k at which all three target pixels of the row are kept."
)


def loss(alpha: float = losses.ALPHA, k: float = losses.TOP_PER_CENT):
    """`plots.loss_knobs` under two sliders: α of Poly-1 and k of Top-k.

    Parameters
    ----------
    alpha : float, default 3.1
        Where the first slider starts, 0 to 12.
    k : float, default 10
        Where the second one starts, 1 to 50 per cent of the pixels.

    Returns
    -------
    ipywidgets.VBox
        Goal, sliders, picture, and a line in which an error appears. Its `figure` is the figure that is shown.
    """
    import ipywidgets

    wide = {"style": {"description_width": "260px"}, "layout": ipywidgets.Layout(width="680px")}
    a = ipywidgets.FloatSlider(
        alpha, min=ALPHAS[0], max=ALPHAS[1], step=0.1, description="α (no unit, 0 to 12)", **wide
    )
    b = ipywidgets.FloatSlider(
        k,
        min=PER_CENTS[0],
        max=PER_CENTS[1],
        step=1,
        description="k (per cent of the pixels, 1 to 50)",
        **wide,
    )
    a.continuous_update = b.continuous_update = False  # a drawing takes 0.1 to 0.3 s
    picture = ipywidgets.Image(format="png")
    trouble = ipywidgets.HTML()
    box = ipywidgets.VBox([ipywidgets.HTML(f"<b>Goal</b>: {GOAL}"), a, b, picture, trouble])

    def redraw(change=None) -> None:
        # A widget swallows what its callback raises: the reader is told instead.
        try:
            box.figure = plots.loss_knobs(a.value, b.value)
            picture.value, trouble.value = box.figure._repr_png_(), ""
        except Exception as error:
            trouble.value = f"<b>This drawing failed.</b> {type(error).__name__}: {html.escape(str(error))}"

    a.observe(redraw, "value")
    b.observe(redraw, "value")
    redraw()
    return box
