// Runs before the page is drawn, so that nothing that scripts fold is seen unfolded first.
document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) document.body.classList.add("govuk-frontend-supported");
