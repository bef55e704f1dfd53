//! The button that copies a new token: the one script of any page (S-55). Without scripts it stays
//! hidden, and one click on the token selects all of it.

/// Copies the text of `#token`. Where a page may not write to the clipboard, the text is selected
/// and copied as by hand.
pub(super) const SCRIPT: &str = "
const button = document.getElementById('copy');
button.hidden = false;
button.addEventListener('click', async () => {
  const token = document.getElementById('token');
  try {
    await navigator.clipboard.writeText(token.textContent);
  } catch {
    getSelection().selectAllChildren(token);
    if (!document.execCommand('copy')) return;
  }
  button.textContent = 'Copied';
});
";

/// Returns the button with its script.
pub(super) fn html() -> String {
    format!(
        "<button type=\"button\" id=\"copy\" class=\"main\" hidden>Copy token</button>\n\
         <script>{SCRIPT}</script>\n"
    )
}
