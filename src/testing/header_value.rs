//! Header values: reading them, splitting them and stripping their spaces.

use http::{HeaderMap, HeaderName};

/// Returns the value of a header, with all its fields joined: <https://fetch.spec.whatwg.org/#concept-header-list-get>
pub(super) fn get(headers: &HeaderMap, name: HeaderName) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = headers
        .get_all(name)
        .iter()
        .map(|line| trim(line.as_bytes()))
        .collect();
    (!lines.is_empty()).then(|| lines.join(b", ".as_slice()))
}

/// Returns the elements of a list over all fields, or the first element that is not a token.
///
/// Returns `None` if the header is missing.
/// <https://fetch.spec.whatwg.org/#extract-header-list-values>
pub(super) fn extract_list(
    headers: &HeaderMap,
    name: HeaderName,
) -> Result<Option<Vec<Vec<u8>>>, Vec<u8>> {
    let Some(value) = get(headers, name) else {
        return Ok(None);
    };
    let elements = value
        .split(|&byte| byte == b',')
        .map(trim)
        .filter(|element| !element.is_empty());
    elements
        .map(|element| {
            if is_token(element) {
                Ok(element.to_vec())
            } else {
                Err(element.to_vec())
            }
        })
        .collect::<Result<_, _>>()
        .map(Some)
}

/// Splits a value at its commas: <https://fetch.spec.whatwg.org/#header-value-get-decode-and-split>
pub(super) fn split_and_decode(value: &[u8]) -> Vec<Vec<u8>> {
    let mut values = Vec::new();
    let mut current = Vec::new();
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b',' => values.push(std::mem::take(&mut current)),
            b'"' => collect_quoted(&mut bytes, &mut current),
            _ => current.push(byte),
        }
    }
    values.push(current);
    values.iter().map(|value| trim(value).to_vec()).collect()
}

/// Collects a quoted string with its quotes. Its commas separate nothing.
/// <https://fetch.spec.whatwg.org/#collect-an-http-quoted-string>
fn collect_quoted(bytes: &mut impl Iterator<Item = u8>, value: &mut Vec<u8>) {
    value.push(b'"');
    while let Some(byte) = bytes.next() {
        value.push(byte);
        match byte {
            b'"' => return,
            b'\\' => value.extend(bytes.next()),
            _ => {}
        }
    }
}

/// Returns whether a text is a token: <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2>
pub(super) fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

/// Strips the spaces at both ends: <https://fetch.spec.whatwg.org/#concept-header-value-normalize>
pub(super) fn trim(value: &[u8]) -> &[u8] {
    let value = trim_end(value);
    let start = value
        .iter()
        .position(|&byte| !is_space(byte))
        .unwrap_or(value.len());
    &value[start..]
}

/// Strips the spaces at the end.
pub(super) fn trim_end(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .rposition(|&byte| !is_space(byte))
        .map_or(0, |last| last + 1);
    &value[..end]
}

fn is_space(byte: u8) -> bool {
    b" \t\r\n".contains(&byte)
}
