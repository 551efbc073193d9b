// Starts what a page's own markup asks for. Everything here only eases what works without it.
import { Button, CharacterCount, Checkboxes, ErrorSummary, NotificationBanner, PasswordInput, Radios, SkipLink, createAll } from "./govuk-frontend.min.js";
import { foldNavigation } from "./navigation.js";
import { closeMenus } from "./menus.js";
import { offerCopying } from "./copying.js";
import { followNotices } from "./notices.js";

for (const Component of [Button, CharacterCount, Checkboxes, ErrorSummary, PasswordInput, Radios, SkipLink]) {
  createAll(Component);
}
// Where the address names a part of the page, the browser goes there once all has loaded and takes the focus along: what
// just happened is said after that.
if (location.hash && document.readyState !== "complete") addEventListener("load", () => createAll(NotificationBanner));
else createAll(NotificationBanner);
foldNavigation(document.querySelector("[data-app-navigation]"));
closeMenus(document);
offerCopying(document);
followNotices(document.querySelector("[data-app-notices]"));
