//! Text of others, made safe to print.

/// The most that is shown of one value of a server, in bytes.
const SHOWN: usize = 2048;

/// Escapes bytes of a server: everything but printable ASCII becomes `\xNN`, and a backslash `\\`.
pub(crate) fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for &byte in bytes.iter().take(SHOWN) {
        match byte {
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => text += &format!("\\x{byte:02x}"),
        }
    }
    if bytes.len() > SHOWN {
        text += &format!("… ({} bytes)", bytes.len());
    }
    text
}

/// Escapes a text of a browser, which quotes bytes of a server and has quotation marks of its own.
pub(crate) fn shown(text: &str) -> String {
    let escape = |character: char| match character {
        '‘' | '’' | '…' => character.to_string(),
        _ => escaped(character.encode_utf8(&mut [0; 4]).as_bytes()),
    };
    text.chars().map(escape).collect()
}

/// Escapes what could control a terminal or reorder its text. All output goes through it, so that nothing depends on each
/// value being escaped where it is used.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if is_printable(character) {
            printable.push(character);
        } else {
            printable += &format!("\\u{{{:x}}}", u32::from(character));
        }
    }
    printable
}

/// Returns whether a character is ASCII, or one of those that the texts of this program use.
fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '…' | '‘' | '’' | '→' | '–')
}

/// Breaks a paragraph into lines of at most `width` characters, each with this indent. Words are not broken.
pub(crate) fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let length = indent.len() + line.chars().count() + 1 + word.chars().count();
        if !line.is_empty() && length > width {
            lines += &format!("{indent}{line}\n");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines += &format!("{indent}{line}\n");
    lines
}

/// Joins with commas, and with `and` before the last.
pub(crate) fn listed<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [init @ .., last] => {
            let init: Vec<&str> = init.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", init.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, listed, printable, wrapped};

    #[test]
    fn bytes_that_control_a_terminal_are_escaped() {
        assert_eq!(
            escaped(b"\x1b]0;pwned\x07 a\\b \x9b2J \xe2\x80\xae"),
            "\\x1b]0;pwned\\x07 a\\\\b \\x9b2J \\xe2\\x80\\xae"
        );
        assert!(escaped(&[b'a'; 10_000]).ends_with("a… (10000 bytes)"));
    }

    #[test]
    fn output_has_no_character_that_controls_a_terminal() {
        for character in '\0'..=char::MAX {
            let text = printable(&character.to_string());
            let is_harmless = |c: char| !c.is_control() || c == '\n';
            assert!(text.chars().all(is_harmless), "{character:?}");
        }
        assert_eq!(
            printable("a\u{202e}b\u{9b}c\r"),
            "a\\u{202e}b\\u{9b}c\\u{d}"
        );
    }

    #[test]
    fn a_paragraph_is_broken_between_words() {
        assert_eq!(wrapped("one two three", "  ", 9), "  one two\n  three\n");
        assert_eq!(wrapped("unbreakable", "", 3), "unbreakable\n");
    }

    #[test]
    fn a_list_ends_with_and() {
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
    }
}
