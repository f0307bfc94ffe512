"""Sliders under a figure: what `explore.scene`, `explore.loss` and their like have in common."""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rrca.plots.style import Figure


@dataclass(frozen=True)
class Knob:
    """One slider.

    Parameters
    ----------
    text : str
        What stands beside it: name and unit.
    start, least, most, step : int or float
        Where it starts, its range, and how far one move goes. All whole numbers make a slider of whole numbers.
    """

    text: str
    start: float
    least: float
    most: float
    step: float

    def widget(self):
        """The slider; it calls back when it is let go, since a drawing takes 0.1 to 0.3 s."""
        import ipywidgets

        whole = all(isinstance(value, int) for value in (self.start, self.least, self.most, self.step))
        kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        return kind(
            self.start,
            min=self.least,
            max=self.most,
            step=self.step,
            description=self.text,
            readout_format="d" if whole else ".2f" if self.step < 0.1 else ".1f",
            continuous_update=False,
            style={"description_width": "300px"},
            layout={"width": "720px", "max_width": "100%"},
        )


def panel(goal: str, draw: Callable[..., Figure], knobs: Mapping[str, Knob]):
    """A figure under sliders.

    Parameters
    ----------
    goal : str
        What the reader is to find; stands above the sliders.
    draw : callable
        Takes the value of each knob by its name, returns a `plots.Figure`.
    knobs : mapping of str to Knob
        Three at most.

    Returns
    -------
    ipywidgets.VBox
        Goal, sliders, picture, and a line with the figure's caption. A widget swallows what its callback raises;
        here that line says it, and the last picture stays. `figure` is the figure that is shown.
    """
    import ipywidgets

    sliders = {name: knob.widget() for name, knob in knobs.items()}
    picture = ipywidgets.Image(format="png", layout={"max_width": "100%"})
    message = ipywidgets.HTML()
    box = ipywidgets.VBox([ipywidgets.HTML(f"<b>Goal</b>: {goal}"), *sliders.values(), picture, message])

    def redraw(change=None) -> None:
        try:
            figure = draw(**{name: slider.value for name, slider in sliders.items()})
            picture.value, message.value = figure._repr_png_(), html.escape(figure.caption)
            box.figure = figure
        except Exception as error:
            message.value = f"<b>{type(error).__name__}</b>: {html.escape(str(error))}"

    for slider in sliders.values():
        slider.observe(redraw, "value")
    redraw()
    return box
