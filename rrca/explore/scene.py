"""Sliders over the synthetic generator."""

import html

from rrca import plots

GOAL = (
    "<b>Goal</b>: find the lowest SCR at which no pixel of the frame is brighter than the target. Then lower the "
    "clutter to 0.06: is a lower SCR enough now?"
)
RANGES = {  # least, most, step, and what stands beside the slider
    "scr": (1.0, 12.0, 0.5, "SCR (no unit)"),
    "target_size": (0.0, 10.0, 1.0, "target size, px"),
    "clutter": (0.02, 0.14, 0.02, "clutter, grey levels"),
}


def scene(scr: float = 5.0, target_size: float = 0.0, clutter: float = 0.14):
    """`rrca.plots.scene` with a slider for each of its three arguments.

    Parameters
    ----------
    scr : float, default 5.0
        Where the slider starts; 1 to 12.
    target_size : float, default 0.0
        0 to 10 px before blur.
    clutter : float, default 0.14
        0.02 to 0.14 grey levels.

    Returns
    -------
    ipywidgets.VBox
        Goal, sliders, picture, and a line for what went wrong: a scene that cannot be made leaves the last picture
        and says why. It is drawn when a slider is let go.
    """
    import ipywidgets as widgets

    start = {"scr": scr, "target_size": target_size, "clutter": clutter}
    sliders = {
        name: widgets.FloatSlider(
            value=start[name],
            min=least,
            max=most,
            step=step,
            description=text,
            continuous_update=False,
            readout_format=".2f" if step < 0.1 else ".1f",
            style={"description_width": "11em"},
            layout={"width": "36em"},
        )
        for name, (least, most, step, text) in RANGES.items()
    }
    picture = widgets.Image(format="png", layout={"max_width": "100%"})
    message = widgets.HTML()

    def draw(change=None) -> None:
        try:
            figure = plots.scene(**{name: slider.value for name, slider in sliders.items()})
            picture.value, message.value = figure._repr_png_(), html.escape(figure.caption)
        except Exception as error:  # a widget would swallow it
            message.value = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"

    for slider in sliders.values():
        slider.observe(draw, names="value")
    draw()
    return widgets.VBox([widgets.HTML(GOAL), *sliders.values(), picture, message])
