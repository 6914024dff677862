"""A program's words are text wherever they stand: names, titles, labels, errors, tables, downloads."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.e2e.playground import PANELS, opened, show, status, write
from tests.e2e.test_data import drop

MARKUP = "<img src=x onerror=window.owned=1><svg onload=window.owned=1><b>bold</b>"
PROGRAM = f'''\
# %% {MARKUP}
import torch
from torch import nn
import matplotlib.pyplot as plt
MARKUP = "{MARKUP}"
twice = type(MARKUP, (torch.autograd.Function,), {{
    "forward": staticmethod(lambda ctx, x: 2 * x), "backward": staticmethod(lambda ctx, g: 2 * g)}})
net = type(MARKUP, (nn.Module,), {{"forward": lambda self, x: torch.tanh(self.fc(x))}})()
net.fc = nn.Linear(2, 1)
net.register_parameter(MARKUP.replace(".", ""), nn.Parameter(torch.ones(1)))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
twice.apply(torch.ones(2, requires_grad=True)).sum().backward()
x = torch.ones(3, 2)
for step in range(30):
    optimizer.zero_grad()
    with torch.autograd.profiler.record_function(MARKUP):
        loss = twice.apply(net(x)).pow(2).mean()
    loss.backward()
    optimizer.step()
print(MARKUP)
plt.plot([1, 2], [3, 4], label=MARKUP)
plt.title(MARKUP)
plt.xlabel(MARKUP)
plt.legend()
plt.show()
# %% {MARKUP}
class Shown:
    def __repr__(self):
        return MARKUP
Shown()
# %% {MARKUP}
raise type(MARKUP, (ValueError,), {{}})(MARKUP)
'''


def harmless(page: Page) -> None:
    """Nothing of it has become an element or run, on this page."""
    assert page.evaluate("window.owned") is None
    assert page.locator("img[src=x], b:text-is('bold'), [onload], [onerror]").count() == 0


def test_markup_that_a_running_program_names_things_with_stays_text(page: Page) -> None:
    opened(page)
    write(page, PROGRAM)
    page.get_by_label("Name of this session").fill(MARKUP)
    page.keyboard.press("Control+Enter")
    expect(status(page)).to_contain_text("Finished with errors", timeout=20_000)
    output = show(page, "output")
    expect(output.locator(".out").first).to_contain_text(MARKUP)
    expect(output.locator(".error-first")).to_contain_text(MARKUP)
    output.get_by_text("Traceback", exact=True).click()
    expect(output.locator(".js-plotly-plot .gtitle").first).to_be_visible()
    harmless(page)
    for panel in PANELS:
        show(page, panel)
        expect(page.locator(f"#panel-{panel}")).not_to_be_empty()
        harmless(page)
    graph = show(page, "graph")
    expect(graph.locator(".ag-svg text").first).to_be_visible()
    graph.locator(".ag-svg text", has_text="img").first.click()
    expect(page.locator(".card")).to_contain_text("onerror")
    harmless(page)
    page.keyboard.press("Alt+g")
    expect(page.get_by_role("treegrid").or_(page.get_by_role("tree")).first).to_be_visible()
    harmless(page)
    page.get_by_role("tab", name="Blocks").click()
    expect(page.locator(".react-flow__node").first).to_be_visible()
    harmless(page)


def test_markup_in_a_table_stays_text(page: Page) -> None:
    opened(page)
    rows = "".join(f"{k};{k * 2};{MARKUP if k % 2 else 'other'}\n" for k in range(20))
    drop(page, f"{MARKUP}.csv", f"{MARKUP};b;c\n{rows}oops;1;{MARKUP}\n")
    dialog = page.get_by_role("dialog", name="Data of your own")
    expect(dialog.get_by_text("onerror").first).to_be_visible()
    harmless(page)
