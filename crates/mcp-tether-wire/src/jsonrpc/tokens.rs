//! Scans a JSON text without building values. It accepts only a part of JSON: for a name with an
//! escape, or brackets nested sixty deep, it gives up as for text that is not JSON, and leaves the
//! decision to `serde_json`.

use super::special_bytes::{BLOCK, block_at, special_bytes};

const ARRAY: u64 = 0;
const OBJECT: u64 = 1;
/// No bracket is open.
const NOTHING_OPEN: u64 = 1;

/// A position in a JSON text.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    has_line_breaks: bool,
}

impl<'a> Tokens<'a> {
    /// The beginning of a text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, has_line_breaks: false }
    }

    /// Whether there were line breaks between the tokens so far.
    pub(super) fn has_line_breaks(&self) -> bool {
        self.has_line_breaks
    }

    /// The first byte of the next token; `None` at the end of the text.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' => {}
                b'\n' | b'\r' => self.has_line_breaks = true,
                byte => return Some(*byte),
            }
            self.at += 1;
        }
    }

    /// Steps over a token of one byte.
    pub(super) fn take(&mut self, token: u8) -> Option<()> {
        (self.peek()? == token).then(|| self.at += 1)
    }

    /// Steps over the name of a member and its colon.
    pub(super) fn name(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let start = self.at;
        let has_escapes = self.string()?;
        let name = self.text.get(start..self.at - 1)?;
        self.take(b':')?;
        (!has_escapes).then_some(name)
    }

    /// Steps over a value.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        self.peek()?;
        let start = self.at;
        // One bit for each open bracket, after one that is always set.
        let mut open = NOTHING_OPEN;
        loop {
            match self.peek()? {
                bracket @ (b'{' | b'[') => {
                    self.at += 1;
                    // In ASCII, a closing bracket is its opening one plus two.
                    if self.peek()? == bracket + 2 {
                        self.at += 1;
                    } else if bracket == b'{' {
                        open = enter(open, OBJECT)?;
                        self.any_name()?;
                        continue;
                    } else {
                        open = enter(open, ARRAY)?;
                        continue;
                    }
                }
                _ => self.scalar()?,
            }
            while open != NOTHING_OPEN {
                let token = self.peek()?;
                self.at += 1;
                match (token, open & 1) {
                    (b',', OBJECT) => {
                        self.any_name()?;
                        break;
                    }
                    (b',', ARRAY) => break,
                    (b'}', OBJECT) | (b']', ARRAY) => open >>= 1,
                    _ => return None,
                }
            }
            if open == NOTHING_OPEN {
                return self.text.get(start..self.at);
            }
        }
    }

    fn any_name(&mut self) -> Option<()> {
        self.take(b'"')?;
        self.string()?;
        self.take(b':')
    }

    fn scalar(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let word = match rest.first()? {
            b'"' => {
                self.at += 1;
                return self.string().map(drop);
            }
            b't' => "true",
            b'f' => "false",
            b'n' => "null",
            _ => return self.number(),
        };
        rest.starts_with(word.as_bytes()).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Steps over the rest of a string, after its opening quote. Returns whether it has escapes.
    fn string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let mut has_escapes = false;
        loop {
            let block = block_at(bytes, self.at)?;
            let mut found = special_bytes(block);
            let mut length = BLOCK;
            while found != 0 {
                let offset = found.trailing_zeros() as usize;
                match block[offset % BLOCK] {
                    b'"' => {
                        self.at += offset + 1;
                        return Some(has_escapes);
                    }
                    b'\\' => {}
                    _ => return None,
                }
                has_escapes = true;
                length = length.max(offset + escape_length(bytes, self.at + offset)?);
                // The escaped byte may be a quote or a backslash; it does not end the string.
                found &= !(0b11 << offset);
            }
            self.at += length;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// Records one more open bracket; `None` if no bit is left.
fn enter(open: u64, kind: u64) -> Option<u64> {
    (open.leading_zeros() > 0).then_some(open << 1 | kind)
}

/// Returns the length of the escape at `at`; `None` if JSON has no such escape.
fn escape_length(bytes: &[u8], at: usize) -> Option<usize> {
    let escaped = *bytes.get(at + 1)?;
    if IS_ESCAPED[usize::from(escaped)] {
        return Some(2);
    }
    let digits = bytes.get(at + 2..at + 6)?;
    (escaped == b'u' && digits.iter().all(u8::is_ascii_hexdigit)).then_some(6)
}

/// The bytes that may follow a backslash, except `u` (RFC 8259 §7).
static IS_ESCAPED: [bool; 256] = {
    let mut table = [false; 256];
    let mut escaped: &[u8] = b"\"\\/bfnrt";
    while let [byte, rest @ ..] = escaped {
        table[*byte as usize] = true;
        escaped = rest;
    }
    table
};

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;

    /// Whether the walk takes this text as one value, and where it says that the value lies.
    fn walked(text: &str) -> Option<&str> {
        let mut tokens = Tokens::new(text);
        let value = tokens.value()?;
        tokens.peek().is_none().then_some(value)
    }

    #[test]
    fn values_of_every_kind_are_stepped_over() {
        let values = [
            "0",
            "-0",
            "10",
            "-1.50e+3",
            "1E5",
            "true",
            "false",
            "null",
            "\"\"",
            "\"a\\u00e9\\n\"",
            "{}",
            "[]",
            "[1,[2,{\"a\":[]}],{}]",
            "{\"a\":{\"b\":1},\"c\":[true, null]}",
            "[ ]",
            "\"\u{e9}\u{7f}\u{1f600}, longer than two words of eight\"",
        ];
        for value in values {
            let text = format!(" \t{value} \r\n");
            assert_eq!(walked(&text), Some(value));
        }
    }

    #[test]
    fn what_is_not_json_is_left_to_the_parser() {
        let texts = [
            "",
            "-",
            "01",
            "1.",
            ".5",
            "1e",
            "+1",
            "tru",
            "truth",
            "\"",
            "\"a",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\",
            "\"a\nb\"",
            "\"12345678\tb\"",
            "{",
            "[",
            "[1",
            "[1,]",
            "[,1]",
            "{\"a\"}",
            "{a:1}",
            "{\"a\":1,}",
            "{\"a\":1]",
            "[1}",
            "1 2",
            "{} {}",
            "nan",
            "\u{a0}1",
            "{\"a\" 1}",
            "{1:1}",
        ];
        for text in texts {
            assert_eq!(walked(text), None, "{text}");
            assert!(serde_json::from_str::<IgnoredAny>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn line_breaks_are_noticed_between_tokens_only() {
        let breaks = |text: &str| {
            let mut tokens = Tokens::new(text);
            tokens.value().unwrap();
            tokens.has_line_breaks()
        };
        assert!(!breaks(r#"{"a": "\n\r", "b": [1, 2]}"#));
        assert!(breaks("{\"a\":\r1}") && breaks("[1,\n2]"));
    }

    #[test]
    fn what_is_nested_too_deeply_is_left_to_the_parser() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(walked(&nested(60)).is_some());
        assert!(walked(&nested(70)).is_none());
    }

    proptest::proptest! {
        /// T-05: nothing passes here that a strict parser refuses.
        #[test]
        fn it_takes_nothing_but_json(
            text in "([\\[\\]{},:\"\\\\ntrue0-9.eE+ \
                     \u{e9}\u{1}/u-]|\"a\":|\\\\u00e9|true|null|12|\\[1,){0,24}",
        ) {
            if walked(&text).is_some() {
                let parsed = serde_json::from_str::<IgnoredAny>(&text);
                proptest::prop_assert!(parsed.is_ok(), "{}", text);
            }
        }

        /// T-05: what is JSON and not out of the ordinary is taken.
        #[test]
        fn it_takes_what_is_written_as_json(
            names in proptest::collection::vec("[ -~\u{e9}\n\u{1f600}]{0,20}", 0..6),
            number in proptest::num::f64::NORMAL,
        ) {
            let mut value = serde_json::json!(number);
            for name in names {
                value = serde_json::json!([{ name.clone(): value, "b": name }, 1]);
            }
            for text in [value.to_string(), format!("{value:#}")] {
                proptest::prop_assert_eq!(walked(&text), Some(text.as_str()));
            }
        }
    }
}
