//! The header values that a page may send without a preflight.

use super::header_value::trim_end;
use super::profile::{Deviation, Profile};

/// <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>, the switch on the name, which is in lower case.
pub(super) fn is_safelisted_value(name: &str, value: &[u8], profile: &Profile) -> bool {
    match name {
        "accept" => !has_unsafe_byte(value, profile),
        "accept-language" | "content-language" => value.iter().copied().all(is_language_byte),
        "content-type" => {
            !has_unsafe_byte(value, profile)
                && is_form_type(value)
                && !(profile.has(Deviation::ContentTypeIsStricter) && is_loose_type(value))
        }
        "range" => is_simple_range(value, profile),
        _ => profile.has(Deviation::SafelistsClientHints) && is_client_hint(name, value),
    }
}

/// <https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte>
fn has_unsafe_byte(value: &[u8], profile: &Profile) -> bool {
    let is_unsafe =
        |byte: u8| (byte < 0x20 && byte != b'\t') || b"\"():<>?@[\\]{}\x7f".contains(&byte);
    value.iter().copied().any(is_unsafe)
        || !value.is_ascii() && profile.has(Deviation::NonAsciiNeedsPermission)
}

fn is_language_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b" *,-.;=".contains(&byte)
}

/// Whether a form could have this type: <https://mimesniff.spec.whatwg.org/#parse-a-mime-type>
///
/// A header's value has no spaces at its ends.
fn is_form_type(value: &[u8]) -> bool {
    let Some(slash) = value.iter().position(|&byte| byte == b'/') else {
        return false;
    };
    let (kind, rest) = (&value[..slash], &value[slash + 1..]);
    let subtype = trim_end(rest.split(|&byte| byte == b';').next().unwrap_or_default());
    let essence = [kind, b"/", subtype].concat().to_ascii_lowercase();
    let of_forms: [&[u8]; 3] = [
        b"application/x-www-form-urlencoded",
        b"multipart/form-data",
        b"text/plain",
    ];
    of_forms.contains(&essence.as_slice())
}

/// What Firefox takes for no type of a form.
fn is_loose_type(value: &[u8]) -> bool {
    let semicolons = value.iter().filter(|&&byte| byte == b';').count();
    value.contains(&b',') || value.ends_with(b";") && semicolons > 1
}

/// One range with a start: <https://fetch.spec.whatwg.org/#simple-range-header-value>
fn is_simple_range(value: &[u8], profile: &Profile) -> bool {
    let is_lenient = profile.has(Deviation::RangeIsLenient);
    let Some((unit, range)) = value.split_at_checked(b"bytes=".len()) else {
        return false;
    };
    let Some(dash) = range.iter().position(|&byte| byte == b'-') else {
        return false;
    };
    let number = |text: &[u8]| {
        let digits = text
            .strip_prefix(b"+")
            .filter(|_| is_lenient)
            .unwrap_or(text);
        let significant = digits
            .iter()
            .position(|&digit| digit != b'0')
            .unwrap_or(digits.len());
        let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
        // By its length and then its digits, for a number can be of any size.
        is_number.then(|| (digits.len() - significant, digits[significant..].to_vec()))
    };
    let limit = if profile.has(Deviation::RangeNumbersHave63Bits) {
        Some("9223372036854775806")
    } else if profile.has(Deviation::RangeNumbersHave64Bits) {
        Some("18446744073709551615")
    } else {
        None
    };
    let limit = limit.map(|limit| (limit.len(), limit.as_bytes().to_vec()));
    let fits = |number: &(usize, Vec<u8>)| limit.as_ref().is_none_or(|limit| number <= limit);
    let is_unit = unit == b"bytes=" || is_lenient && unit.eq_ignore_ascii_case(b"bytes=");
    let Some(start) = number(&range[..dash]).filter(fits) else {
        return false;
    };
    match &range[dash + 1..] {
        b"" => is_unit,
        end => is_unit && number(end).filter(fits).is_some_and(|end| start <= end),
    }
}

/// What Chromium safelists besides.
fn is_client_hint(name: &str, value: &[u8]) -> bool {
    let is_integer = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    match name {
        "rtt" | "viewport-width" | "width" => is_integer(value),
        "device-memory" | "downlink" | "dpr" => {
            let mut parts = value.splitn(2, |&byte| byte == b'.');
            parts.all(is_integer)
        }
        "ect" => [&b"slow-2g"[..], b"2g", b"3g", b"4g"].contains(&value),
        "save-data" => value.eq_ignore_ascii_case(b"on"),
        _ => false,
    }
}
