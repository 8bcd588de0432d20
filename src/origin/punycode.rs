//! The punycode of a label, to name the host that a user meant.

/// Returns the ASCII form of a host with international labels, in lower case. Returns `None` if it takes the tables of
/// Unicode to know it, or if a label is too long for DNS.
///
/// <https://url.spec.whatwg.org/#concept-domain-to-ascii>
pub(super) fn to_ascii(host: &str) -> Option<String> {
    let labels: Option<Vec<String>> = host.split('.').map(label_to_ascii).collect();
    labels.map(|labels| labels.join("."))
}

fn label_to_ascii(label: &str) -> Option<String> {
    if label.is_ascii() {
        return Some(label.to_ascii_lowercase());
    }
    let label: String = label.chars().map(mapped).collect::<Option<_>>()?;
    // The standard takes it for punycode, which it is not. A `*` is of a pattern, not of a name.
    if label.starts_with("xn--") || label.contains('*') {
        return None;
    }
    Some(format!("xn--{}", encode(&label)?))
}

/// Returns a letter as it is in a domain name, for the letters that lower case alone maps and no other letter changes.
///
/// All others are left out: what has several forms, is joined with its neighbors, or is written from right to left. A
/// test compares all of these with `idna`.
///
/// <https://www.unicode.org/reports/tr46/#Processing>
fn mapped(letter: char) -> Option<char> {
    match letter {
        '\0'..='\x7f' => Some(letter.to_ascii_lowercase()),
        // Latin, without the signs for multiplication and division among the letters.
        '×' | '÷' => None,
        'à'..='ÿ' | 'ß' => Some(letter),
        'À'..='Þ' => char::from_u32(u32::from(letter) + 0x20),
        'Ā'..='į' | 'Ĵ'..='ľ' | 'Ł'..='ň' | 'Ŋ'..='ž' => single_lowercase(letter),
        // Greek and Cyrillic. The final sigma is another letter than the sigma, and no case leads to it.
        'Ά' | 'Έ'..='Ί' | 'Ό' | 'Ύ'..='Ρ' | 'Σ'..='ώ' | 'Ѐ'..='џ' => {
            single_lowercase(letter)
        }
        // Kana, without the marks that join the letter before them.
        'ぁ'..='ゖ' | 'ァ'..='ヺ' | 'ー' => Some(letter),
        // Ideographs and Hangul syllables.
        '一'..='龥' | '가'..='힣' => Some(letter),
        _ => None,
    }
}

/// Returns the lower case of a letter, if it is one letter.
fn single_lowercase(letter: char) -> Option<char> {
    let mut lowercase = letter.to_lowercase();
    match (lowercase.next(), lowercase.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const INITIAL_BIAS: u32 = 72;
const INITIAL_N: u32 = 128;

/// <https://www.rfc-editor.org/rfc/rfc3492#section-6.3>
fn encode(label: &str) -> Option<String> {
    // A longer label cannot be a name; the limit also keeps the loop below from being quadratic in what a user pastes.
    if label.len() > 253 {
        return None;
    }
    let mut output: String = label.chars().filter(char::is_ascii).collect();
    let basic = output.len() as u32;
    if basic > 0 {
        output.push('-');
    }
    let (mut n, mut delta, mut bias, mut handled) = (INITIAL_N, 0u32, INITIAL_BIAS, basic);
    while let Some(next) = label.chars().map(u32::from).filter(|c| *c >= n).min() {
        delta = delta.checked_add((next - n).checked_mul(handled + 1)?)?;
        n = next;
        for c in label.chars().map(u32::from) {
            if c < n {
                delta += 1;
            } else if c == n {
                push_variable_length(&mut output, delta, bias);
                bias = adapt(delta, handled + 1, handled == basic);
                delta = 0;
                handled += 1;
            }
        }
        delta += 1;
        n += 1;
    }
    Some(output)
}

fn push_variable_length(output: &mut String, mut number: u32, bias: u32) {
    let mut k = BASE;
    loop {
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if number < threshold {
            output.push(digit(number));
            return;
        }
        output.push(digit(threshold + (number - threshold) % (BASE - threshold)));
        number = (number - threshold) / (BASE - threshold);
        k += BASE;
    }
}

/// <https://www.rfc-editor.org/rfc/rfc3492#section-6.1>
fn adapt(delta: u32, handled: u32, first: bool) -> u32 {
    const DAMP: u32 = 700;
    const SKEW: u32 = 38;
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / handled;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn digit(number: u32) -> char {
    let digits = b"abcdefghijklmnopqrstuvwxyz0123456789";
    char::from(digits[(number % BASE) as usize])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{encode, mapped, to_ascii};

    /// What the URL standard makes of a host, without the limits of DNS.
    fn standard(host: &str) -> Option<String> {
        idna::domain_to_ascii_cow(host.as_bytes(), idna::AsciiDenyList::URL)
            .ok()
            .map(std::borrow::Cow::into_owned)
    }

    fn letters() -> Vec<char> {
        ('\u{80}'..=char::MAX)
            .filter(|letter| mapped(*letter).is_some())
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Letters that are near to each other and far, so that the differences are of every length.
        #[test]
        fn a_label_of_any_letters_is_encoded_as_by_idna(
            label in "[a-z0-9äéß-ö]{0,9}[а-яぁ-ん]{0,9}[一-龠𠀀-𠂀]{0,9}[a-zа-я]{0,3}",
        ) {
            if let Some(expected) = standard(&label).filter(|_| !label.is_ascii()) {
                prop_assert_eq!(format!("xn--{}", encode(&label).unwrap()), expected);
            }
        }

        /// What a letter becomes does not depend on its neighbors.
        #[test]
        fn a_host_of_known_letters_becomes_what_the_standard_says(
            host in prop::collection::vec(
                prop_oneof![
                    4 => prop::sample::select(letters()),
                    2 => prop::char::range(' ', '~'),
                    1 => Just('.'),
                    1 => Just('-'),
                ],
                1..12,
            ).prop_map(|letters| letters.into_iter().collect::<String>()),
        ) {
            let is_special = host.bytes().any(|byte| b" #%/:<>?@[\\]^|*".contains(&byte));
            let ours = to_ascii(&host);
            // What claims to be punycode stays as it is, and the standard decodes it.
            let is_punycode = host.to_ascii_lowercase().contains("xn--");
            if ours.is_some() && !is_special && !is_punycode {
                prop_assert_eq!(ours, standard(&host));
            }
        }
    }

    #[test]
    fn each_known_letter_becomes_what_the_standard_says() {
        let letters = letters();
        assert!(letters.len() > 32_000, "{}", letters.len());
        for letter in letters {
            for host in [format!("{letter}"), format!("a{letter}b.{letter}")] {
                assert_eq!(to_ascii(&host), standard(&host), "{host}");
            }
        }
    }

    #[test]
    fn a_host_that_takes_the_tables_of_unicode_has_no_known_form() {
        for host in [
            "a。b",
            "ａｐｐ.example",
            "a\u{200b}b.example",
            "a\u{ad}b.example",
            "mu\u{308}nchen.example",
            "ﬁsh.example",
            "İstanbul.example",
            "ŀ.example",
            "xn--ü.example",
            "שלום.example",
            "☃.net",
        ] {
            assert_eq!(to_ascii(host), None, "{host}");
        }
    }

    #[test]
    fn a_label_longer_than_a_host_is_not_encoded() {
        let label = |ascii: usize| format!("ü{}", "a".repeat(ascii));
        assert!(to_ascii(&label(251)).is_some());
        assert_eq!(to_ascii(&label(252)), None);
    }

    #[test]
    fn international_names_become_what_browsers_send() {
        for host in [
            "bücher.example",
            "MÜNCHEN.de",
            "例え.テスト",
            "пример.рф",
            "a.ñandú.b-c.cl",
            "mañana.com",
            "ΒΌΛΟΣ.com",
            "βόλος.com",
            "straße.de",
        ] {
            assert_eq!(to_ascii(host), standard(host), "{host}");
        }
    }
}
