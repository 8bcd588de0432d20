//! The punycode of a label, to name the host that a user meant.

/// Returns the ASCII form of a host with international labels, in lower case, or `None` if a label is too long for DNS.
///
/// This is a suggestion in an error message, so it lower-cases as Unicode does and leaves the rarer steps of
/// <https://www.unicode.org/reports/tr46/> (compatibility forms, normalization) to the reader.
pub(super) fn to_ascii(host: &str) -> Option<String> {
    let labels: Option<Vec<String>> = host
        .split('.')
        .map(|label| {
            let label = label.to_lowercase();
            if label.is_ascii() {
                Some(label)
            } else {
                Some(format!("xn--{}", encode(&label)?))
            }
        })
        .collect();
    labels.map(|labels| labels.join("."))
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

    use super::to_ascii;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Letters that are near to each other and far, so that the differences are of every length.
        #[test]
        fn a_label_of_any_letters_is_encoded_as_by_idna(
            label in "[a-z0-9äéß-ö]{0,9}[а-яぁ-ん]{0,9}[一-龠𠀀-𠂀]{0,9}[a-zа-я]{0,3}",
        ) {
            if let Ok(expected) = idna::domain_to_ascii(&label) {
                prop_assert_eq!(to_ascii(&label), Some(expected));
            }
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
            "☃.net",
        ] {
            assert_eq!(to_ascii(host), idna::domain_to_ascii(host).ok(), "{host}");
        }
    }
}
