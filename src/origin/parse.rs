//! The grammar of serialized origins.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::error::{OriginError, OriginErrorKind};

/// The longest host, in bytes: the longest name that DNS can hold. A dot may follow it.
pub(super) const MAX_HOST: usize = 253;
/// The longest scheme, in bytes. The standard sets no limit; no browser's is longer than 24.
const MAX_SCHEME: usize = 63;
/// The longest port with its colon: `:65535`.
const MAX_PORT: usize = 6;
/// The longest origin, in bytes.
pub(super) const MAX_ORIGIN: usize = MAX_SCHEME + "://".len() + MAX_HOST + ".".len() + MAX_PORT;

/// The positions of the parts of an origin in its text: `scheme://host:port`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Parts {
    pub(super) host_start: u8,
    kind: HostKind,
    pub(super) host_end: u16,
}

/// The kind of a host, because not every pattern and policy means every host.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum HostKind {
    /// Labels of letters, digits, `-` and `_`, or an IP address.
    Plain,
    /// Any other host that browsers send: it ends with a dot, has other characters, or is the empty or opaque host of a
    /// scheme such as `app`. No wildcard stands for a part of it.
    Unusual,
    /// The empty host of `file://`, the origin of every local file.
    File,
}

impl Parts {
    /// Returns whether this is `file://`, the origin of every local file.
    pub(crate) fn is_file(self) -> bool {
        self.kind == HostKind::File
    }

    /// Returns whether a wildcard may stand for labels of the host.
    pub(super) fn is_plain(self) -> bool {
        self.kind == HostKind::Plain
    }

    pub(super) fn scheme(self, text: &str) -> &str {
        let end = usize::from(self.host_start) - "://".len();
        text.get(..end).unwrap_or_default()
    }

    pub(super) fn host(self, text: &str) -> &str {
        text.get(usize::from(self.host_start)..usize::from(self.host_end))
            .unwrap_or_default()
    }

    /// The port with its colon, or nothing.
    pub(super) fn port(self, text: &str) -> &str {
        text.get(usize::from(self.host_end)..).unwrap_or_default()
    }
}

/// Returns whether `text` is longer than any origin, so that it is rejected before it is read or hashed.
#[inline]
pub(crate) fn is_too_long(text: &[u8]) -> bool {
    text.len() > MAX_ORIGIN
}

/// Parses a serialized origin. Returns `None` for the opaque origin.
pub(crate) fn parse(text: &[u8]) -> Result<Option<Parts>, OriginError> {
    if text == b"null" {
        return Ok(None);
    }
    if is_too_long(text) {
        return Err(OriginError::at(MAX_ORIGIN, OriginErrorKind::TooLong));
    }
    let host_start = scheme(text)?;
    let (host_end, kind) = exact_host(text, host_start)?;
    port(text, host_end, &text[..host_start - "://".len()])?;
    // The first is at most 66, and the second at most MAX_ORIGIN, far below 65,536.
    Ok(Some(Parts {
        host_start: host_start as u8,
        kind,
        host_end: host_end as u16,
    }))
}

/// Reads the host of an origin at `start` of `text`, after its scheme, and returns its end and its kind.
#[inline(always)]
fn exact_host(text: &[u8], start: usize) -> Result<(usize, HostKind), OriginError> {
    match host(text, start) {
        // No file's origin names a host.
        Ok(end) if start != "file://".len() || !is_file(text, start) => Ok((end, HostKind::Plain)),
        Ok(_) => Err(OriginError::at(start, OriginErrorKind::File)),
        Err(mistake) => unusual_host(text, start, mistake),
    }
}

/// Reads the host of an origin that a pattern names, and returns its end. `file://` is none.
pub(super) fn listed_host(text: &[u8], start: usize) -> Result<usize, OriginError> {
    match exact_host(text, start)? {
        (_, HostKind::File) => Err(OriginError::at(start, OriginErrorKind::File)),
        (end, _) => Ok(end),
    }
}

fn is_file(text: &[u8], host_start: usize) -> bool {
    text[..host_start] == *b"file://"
}

/// Reads a host that is not plain, because of `mistake`.
///
/// The URL standard allows more characters in the hosts of the web than domain names have. Hosts of other schemes are
/// opaque: they are not divided into labels, and may be empty. `tests/data/recorded-origins.tsv` has what engines send.
///
/// <https://url.spec.whatwg.org/#host-parsing>
#[cold]
#[inline(never)]
fn unusual_host(
    text: &[u8],
    start: usize,
    mistake: OriginError,
) -> Result<(usize, HostKind), OriginError> {
    let scheme = &text[..start - "://".len()];
    if is_file(text, start) {
        return if text.len() == start {
            Ok((start, HostKind::File))
        } else {
            Err(OriginError::at(start, OriginErrorKind::File))
        };
    }
    if text.get(start) == Some(&b'[') {
        return Err(mistake);
    }
    let is_opaque = !is_special(scheme);
    let mut position = start;
    let end = loop {
        match text.get(position) {
            None | Some(b':') => break position,
            // Chromium escapes these two, which the standard does not.
            Some(b'%') if is_escape(&text[position..]) => position += "2A".len(),
            Some(b'%') if is_opaque => {}
            Some(byte) if is_host_byte(*byte) => {}
            // What a name has first is reported first.
            Some(_) if !is_opaque && mistake.kind() != OriginErrorKind::HostCharacter => {
                return Err(mistake);
            }
            Some(_) => {
                return Err(OriginError::at(
                    position,
                    OriginErrorKind::of_host_byte(text, position),
                ));
            }
        }
        position += 1;
    };
    let host = &text[start..end];
    if is_opaque {
        return match host.len() {
            // `capacitor://` has no host, and so no port.
            0 if end < text.len() => Err(OriginError::at(start, OriginErrorKind::EmptyHost)),
            1.. if host.len() > MAX_HOST => {
                Err(OriginError::at(start + MAX_HOST, OriginErrorKind::TooLong))
            }
            _ => Ok((end, HostKind::Unusual)),
        };
    }
    // One dot may end a name: it says that the name is absolute.
    let name = host.strip_suffix(b".").unwrap_or(host);
    let empty = name
        .split(|byte| *byte == b'.')
        .scan(start, |next, label| {
            let position = *next;
            *next += label.len() + ".".len();
            Some((position, label))
        })
        .find(|(_, label)| label.is_empty());
    if host.is_empty() {
        return Err(OriginError::at(start, OriginErrorKind::EmptyHost));
    }
    if let Some((position, _)) = empty {
        return Err(OriginError::at(position, OriginErrorKind::EmptyLabel));
    }
    if name.len() > MAX_HOST {
        return Err(OriginError::at(start + MAX_HOST, OriginErrorKind::TooLong));
    }
    let last_label = name.rsplit(|byte| *byte == b'.').next();
    if last_label.is_some_and(ends_in_a_number) {
        // An address is serialized without a dot at its end.
        return Err(OriginError::at(start, OriginErrorKind::Ipv4));
    }
    Ok((end, HostKind::Unusual))
}

/// <https://url.spec.whatwg.org/#special-scheme>
pub(super) fn is_special(scheme: &[u8]) -> bool {
    matches!(
        scheme,
        b"http" | b"https" | b"ws" | b"wss" | b"ftp" | b"file"
    )
}

/// Returns whether a host can have this byte as it is: what is no forbidden host code point, in lower case.
///
/// Engines send `*` and `,` too, but no pattern can name them: `*` is a wildcard, and a comma separates values.
///
/// <https://url.spec.whatwg.org/#forbidden-host-code-point>
fn is_host_byte(byte: u8) -> bool {
    matches!(
        byte,
        b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'!' | b'"' | b'$' | b'&' | b'\'' | b'(' | b')' | b'+' | b';'
            | b'=' | b'`' | b'{' | b'}' | b'~'
    )
}

fn is_escape(text: &[u8]) -> bool {
    text.starts_with(b"%20") || text.starts_with(b"%2A")
}

/// Reads `scheme://` at the start of `text` and returns the start of the host.
pub(super) fn scheme(text: &[u8]) -> Result<usize, OriginError> {
    for (position, byte) in text.iter().enumerate().take(MAX_SCHEME + 1) {
        let mistake = match byte {
            b'a'..=b'z' => continue,
            b'0'..=b'9' | b'+' | b'-' | b'.' if position > 0 => continue,
            b':' if position > 0 && text[position..].starts_with(b"://") => {
                return Ok(position + "://".len());
            }
            b'A'..=b'Z' => OriginErrorKind::UpperCase,
            _ => OriginErrorKind::Scheme,
        };
        // `APP.example.com` lacks a scheme; `HTTPS://` has one, in upper case.
        let has_scheme = text.windows(3).any(|window| window == b"://");
        return Err(OriginError::at(
            position,
            if has_scheme {
                mistake
            } else {
                OriginErrorKind::Scheme
            },
        ));
    }
    Err(OriginError::at(
        text.len().min(MAX_SCHEME),
        OriginErrorKind::Scheme,
    ))
}

/// Reads a host at `start` of `text` and returns its end: a colon, or the end of the text.
pub(super) fn host(text: &[u8], start: usize) -> Result<usize, OriginError> {
    if text.get(start) == Some(&b'[') {
        return ipv6(text, start);
    }
    let mut label = start;
    let mut end = text.len();
    for (position, byte) in text.iter().enumerate().skip(start) {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => {}
            b'.' if position > label => label = position + 1,
            b'.' => return Err(OriginError::at(position, OriginErrorKind::EmptyLabel)),
            b':' => {
                end = position;
                break;
            }
            _ => {
                return Err(OriginError::at(
                    position,
                    OriginErrorKind::of_host_byte(text, position),
                ));
            }
        }
    }
    if end == start {
        return Err(OriginError::at(start, OriginErrorKind::EmptyHost));
    }
    if label == end {
        return Err(OriginError::at(end, OriginErrorKind::EmptyLabel));
    }
    if end - start > MAX_HOST {
        return Err(OriginError::at(start + MAX_HOST, OriginErrorKind::TooLong));
    }
    if ends_in_a_number(&text[label..end]) && !is_ipv4(&text[start..end]) {
        return Err(OriginError::at(start, OriginErrorKind::Ipv4));
    }
    Ok(end)
}

/// Returns whether a host with this last label is an IPv4 address to a browser.
///
/// <https://url.spec.whatwg.org/#ends-in-a-number-checker>
fn ends_in_a_number(last_label: &[u8]) -> bool {
    last_label.iter().all(u8::is_ascii_digit)
        || last_label
            .strip_prefix(b"0x")
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// Returns whether `host` is an IPv4 address in dotted decimal without leading zeros, the one form that is serialized.
pub(super) fn is_ipv4(host: &[u8]) -> bool {
    std::str::from_utf8(host).is_ok_and(|host| host.parse::<Ipv4Addr>().is_ok())
}

/// Reads an IPv6 address in brackets at `start` of `text` and returns its end.
fn ipv6(text: &[u8], start: usize) -> Result<usize, OriginError> {
    let mistake = OriginError::at(start, OriginErrorKind::Ipv6);
    let length = text[start..]
        .iter()
        .position(|byte| *byte == b']')
        .ok_or(mistake)?;
    let end = start + length + 1;
    let inner = std::str::from_utf8(&text[start + 1..end - 1]).map_err(|_| mistake)?;
    let address: Ipv6Addr = inner.parse().map_err(|_| mistake)?;
    if !Canonical::of(address).is(inner) {
        return Err(mistake);
    }
    match text.get(end) {
        None | Some(b':') => Ok(end),
        Some(_) => Err(OriginError::at(
            end,
            OriginErrorKind::of_host_byte(text, end),
        )),
    }
}

/// An IPv6 address as the URL standard serializes it.
///
/// The serialization of the standard library is not used, because it writes some addresses with a dotted IPv4 tail.
///
/// <https://url.spec.whatwg.org/#concept-ipv6-serializer>
pub(super) struct Canonical {
    pieces: [u16; 8],
    /// The longest run of at least two zero pieces, the first one of equals.
    zeros: std::ops::Range<usize>,
}

impl Canonical {
    pub(super) fn of(address: Ipv6Addr) -> Self {
        let pieces = address.segments();
        let mut zeros = 0..0;
        for start in 0..pieces.len() {
            let run = pieces[start..]
                .iter()
                .take_while(|piece| **piece == 0)
                .count();
            if run > 1 && run > zeros.len() {
                zeros = start..start + run;
            }
        }
        Self { pieces, zeros }
    }

    /// Returns whether `text` is this serialization, without allocating it.
    fn is(&self, text: &str) -> bool {
        struct Compare<'a>(&'a str);
        impl fmt::Write for Compare<'_> {
            fn write_str(&mut self, part: &str) -> fmt::Result {
                self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
                Ok(())
            }
        }
        let mut rest = Compare(text);
        fmt::Write::write_fmt(&mut rest, format_args!("{self}")).is_ok() && rest.0.is_empty()
    }
}

impl fmt::Display for Canonical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut index = 0;
        while index < self.pieces.len() {
            if index == self.zeros.start && !self.zeros.is_empty() {
                f.write_str(if index == 0 { "::" } else { ":" })?;
                index = self.zeros.end;
                continue;
            }
            write!(f, "{:x}", self.pieces[index])?;
            index += 1;
            if index < self.pieces.len() {
                f.write_str(":")?;
            }
        }
        Ok(())
    }
}

/// Reads what follows the host: nothing, or a colon and a port that is not the scheme's default.
pub(super) fn port(text: &[u8], start: usize, scheme: &[u8]) -> Result<(), OriginError> {
    let Some((_colon, digits)) = text[start..].split_first() else {
        return Ok(());
    };
    let first = start + 1;
    if digits.is_empty() {
        return Err(OriginError::at(first, OriginErrorKind::EmptyPort));
    }
    if let Some(offset) = digits.iter().position(|byte| !byte.is_ascii_digit()) {
        let mistake = match digits[offset] {
            // What looked like a host and a port was a user's name and password.
            _ if digits.contains(&b'@') => OriginErrorKind::UserInfo,
            b'/' | b'?' | b'#' => OriginErrorKind::Path,
            _ => OriginErrorKind::PortCharacter,
        };
        return Err(OriginError::at(first + offset, mistake));
    }
    // No page was ever loaded from port 0, and `0443` is not how a port is serialized.
    let number = std::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse::<u16>().ok());
    match number {
        Some(number) if digits[0] != b'0' => {
            if default_port(scheme) == Some(number) {
                return Err(OriginError::at(start, OriginErrorKind::DefaultPort));
            }
            Ok(())
        }
        _ => Err(OriginError::at(first, OriginErrorKind::PortRange)),
    }
}

/// <https://url.spec.whatwg.org/#default-port>
pub(super) fn default_port(scheme: &[u8]) -> Option<u16> {
    match scheme {
        b"http" | b"ws" => Some(80),
        b"https" | b"wss" => Some(443),
        b"ftp" => Some(21),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv6_addresses_are_canonical_as_the_url_standard_serializes_them() {
        for (text, canonical) in [
            ("::", "::"),
            ("::1", "::1"),
            ("0:0:0:0:0:0:0:1", "::1"),
            ("1::", "1::"),
            ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
            ("::ffff:1.2.3.4", "::ffff:102:304"),
            ("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"),
        ] {
            let address: Ipv6Addr = text.parse().unwrap();
            assert_eq!(Canonical::of(address).to_string(), canonical);
            assert_eq!(
                parse(format!("http://[{text}]").as_bytes()).is_ok(),
                text == canonical,
                "{text}"
            );
        }
    }
}
