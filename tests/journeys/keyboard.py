"""Finding one's way without a pointer: from control to control with Tab, as somebody does who cannot or will not use a
mouse. What Tab does not reach fails the test."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

MOST_STOPS = 120


def tab_to(page: Page, control: Locator) -> None:
    """Presses Tab until the control has the focus."""
    focused = control.and_(page.locator(":focus"))
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if focused.count():
            return
    raise AssertionError(f"Tab does not reach {control} on {page.url}")


def press(page: Page, control: Locator, key: str = "Enter") -> None:
    """Goes to a link or button and presses it."""
    tab_to(page, control)
    page.keyboard.press(key)


def write(page: Page, control: Locator, words: str) -> None:
    """Goes to a field and writes in it, over what stands there."""
    tab_to(page, control)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(words)
