// Starts what a page's own markup asks for. Everything here only eases what works without it.
import { Button, CharacterCount, Checkboxes, ErrorSummary, NotificationBanner, PasswordInput, Radios, SkipLink, createAll } from "./govuk-frontend.min.js";
import { foldNavigation } from "./navigation.js";
import { closeMenus } from "./menus.js";
import { followNotices } from "./notices.js";

for (const Component of [Button, CharacterCount, Checkboxes, ErrorSummary, NotificationBanner, PasswordInput, Radios, SkipLink]) {
  createAll(Component);
}
foldNavigation(document.querySelector("[data-app-navigation]"));
closeMenus(document);
followNotices(document.querySelector("[data-app-notices]"));
