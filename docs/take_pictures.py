"""Takes the pictures of the README from the running demonstration: `make screenshots` while `make run` runs.

Signs in as an invented officer does, with the code on the demonstration's page of mails."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

HERE = Path(__file__).resolve().parent / "pictures"
MEMBER = "maya@exampleshire.example.org"
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 375, "height": 760}


def sign_in(page: Page) -> None:
    page.goto("/account/login/code/")
    page.get_by_label("Work email address").fill(MEMBER)
    page.get_by_role("button", name="Send me a code").click()
    mails = page.context.new_page()
    mails.goto("/development/mail/")
    code = mails.locator("article", has_text=MEMBER).first.locator("code").inner_text()
    mails.close()
    page.get_by_role("textbox").fill(code)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Sign out").wait_for(state="attached")


def take(page: Page, name: str, *, of: str = "") -> None:
    """What the window shows; or one thing on the page, by its CSS selector."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    taken = page.locator(of) if of else page
    taken.screenshot(path=HERE / f"{name}.png")
    sys.stdout.write(f"docs/pictures/{name}.png\n")


def take_all(browser: Browser, address: str) -> None:
    desk = browser.new_context(base_url=address, viewport=DESK).new_page()
    desk.goto("/")
    take(desk, "home")
    desk.get_by_role("link", name="All guidance").click()
    desk.get_by_role("main").get_by_role("link", name="Time with people").click()
    take(desk, "guidance")
    sign_in(desk)
    desk.goto("/networks/ai/threads/")
    desk.get_by_role("link", name="Note-taking in home visits").click()
    take(desk, "thread")
    desk.goto("/")
    desk.locator(".app-event-card", has_text="On now").get_by_role("link").click()
    desk.get_by_text("Connected.").wait_for()
    take(desk, "live-room", of=".app-chat")
    signed_in = desk.context.storage_state()
    phone = browser.new_context(base_url=address, viewport=PHONE, storage_state=signed_in).new_page()
    phone.goto("/networks/ai/")
    take(phone, "phone")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    address = parser.parse_args().address
    HERE.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            take_all(browser, address)
        except BrowserError as error:
            sys.exit(f"No pictures from {address}. Is the demonstration running there? {error.message.splitlines()[0]}")
        finally:
            browser.close()


if __name__ == "__main__":
    main()
