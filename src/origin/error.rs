//! The error of a text that is not an origin.

use std::fmt;

/// The error of a text that is not an [`Origin`](crate::Origin), with the position and the kind of the mistake.
///
/// ```
/// use tower_cors::{Origin, OriginErrorKind};
///
/// let error = "https://Example.com".parse::<Origin>().unwrap_err();
/// assert_eq!(error.position(), 8);
/// assert_eq!(error.kind(), OriginErrorKind::UpperCase);
/// assert_eq!(
///     error.to_string(),
///     "upper-case letter at byte 8: browsers send origins in lower case"
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct OriginError {
    position: u16,
    kind: OriginErrorKind,
}

impl OriginError {
    pub(super) fn at(position: usize, kind: OriginErrorKind) -> Self {
        Self {
            position: u16::try_from(position).unwrap_or(u16::MAX),
            kind,
        }
    }

    /// Returns the byte at which the text stops being an origin, counted from 0.
    pub fn position(&self) -> usize {
        self.position.into()
    }

    /// Returns the kind of the mistake.
    pub fn kind(&self) -> OriginErrorKind {
        self.kind
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, why) = self.kind.sentence();
        write!(f, "{what} at byte {}: {why}", self.position)
    }
}

impl std::error::Error for OriginError {}

/// The kind of mistake in a text that is not an origin or a pattern.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum OriginErrorKind {
    /// The text does not start with a scheme and `://`.
    Scheme,
    /// The scheme of a pattern is one that no page has: `ws`, `wss`, `ftp`, `data`, `blob`, `about` or `javascript`.
    NoPages,
    /// The scheme or the host has an upper-case letter.
    UpperCase,
    /// The host has a character that is not ASCII. Browsers send international names in punycode.
    NotAscii,
    /// The host has a character that no host has, such as a space or `<`.
    HostCharacter,
    /// The host has a comma. Some browsers send it, but caches could take the header for a list of two origins.
    Comma,
    /// A `/`, `?` or `#` follows the host or the port.
    Path,
    /// A user name or password and `@` precede the host.
    UserInfo,
    /// The text is an origin with a `*`, or a pattern with a `*` that is neither its first labels, nor a part of one label of
    /// a domain, nor its port.
    Wildcard,
    /// The text is `0.0.0.0` or `[::]`, perhaps with a port: the address on which a server listens, and not the one of its pages.
    Unspecified,
    /// The text is an address with a `*`, or a network such as `10.0.0.0/8`.
    Network,
    /// The text is a regular expression.
    Expression,
    /// The text is a list of origins.
    Several,
    /// The text is a pattern for two schemes, such as `*://` or `http(s)://`.
    AnyScheme,
    /// The text is a pattern for every host of a scheme of the web, such as `https://*`.
    WholeScheme,
    /// There is no host.
    EmptyHost,
    /// Two dots follow each other, or a dot starts the host. No name server knows such a name.
    EmptyLabel,
    /// A host or a path follows `file://`, the one origin that browsers send for local files.
    File,
    /// The host is an IPv4 address, but not in dotted decimal without leading zeros.
    Ipv4,
    /// The host is an IPv6 address, but not compressed, in lower case and in brackets.
    Ipv6,
    /// A colon follows the host, but no port does.
    EmptyPort,
    /// The port has a character that is not a digit.
    PortCharacter,
    /// The pattern has a list of ports that is empty, not closed or repeats a port, or a range that does not rise.
    PortList,
    /// The port is 0, greater than 65535, or has leading zeros.
    PortRange,
    /// The port is the default of the scheme, which browsers leave out.
    DefaultPort,
    /// The host or the scheme is longer than any browser sends.
    TooLong,
}

impl OriginErrorKind {
    /// Returns the kind of an unexpected byte in a host.
    pub(super) fn of_host_byte(text: &[u8], position: usize) -> Self {
        match text[position] {
            b'A'..=b'Z' => Self::UpperCase,
            b'/' | b'?' | b'#' => Self::Path,
            b'@' => Self::UserInfo,
            b'*' => Self::Wildcard,
            b',' => Self::Comma,
            0x80.. => Self::NotAscii,
            _ => Self::HostCharacter,
        }
    }

    /// Returns whether no browser sends such an `Origin`, as recorded from engines in `tests/data/recorded-origins.tsv`.
    ///
    /// They do send names that no name server knows, and WebKit sends `*` in a host.
    pub(crate) fn is_never_sent(self) -> bool {
        !matches!(
            self,
            Self::EmptyLabel | Self::Wildcard | Self::Comma | Self::TooLong
        )
    }

    fn sentence(self) -> (&'static str, &'static str) {
        match self {
            Self::Scheme => (
                "no scheme",
                "an origin starts with a scheme and `://`, such as `https://`",
            ),
            Self::UpperCase => ("upper-case letter", "browsers send origins in lower case"),
            Self::NotAscii => (
                "non-ASCII character",
                "browsers send international names in punycode",
            ),
            Self::HostCharacter => ("unexpected character", "no host has this character"),
            Self::Comma => (
                "unexpected comma",
                "it separates values, so an origin has none and is listed by itself",
            ),
            Self::Path => (
                "unexpected path",
                "an origin ends with its host or port, without even a slash",
            ),
            Self::UserInfo => ("unexpected `@`", "an origin has no user name or password"),
            Self::Wildcard => (
                "unexpected `*`",
                "a wildcard stands for whole leading labels, `*.`, for a part of one label of a domain of yours, as in \
                 `pr-*.example.com`, or for the port, `:*`",
            ),
            Self::Unspecified => (
                "address to listen on",
                "pages have the name or the address that people type",
            ),
            Self::Network => (
                "network or part of an address",
                "list each address, or allow the local network as a whole",
            ),
            Self::Expression => (
                "regular expression",
                "write a pattern, such as `https://*.example.com` or `https://pr-*.example.com`",
            ),
            Self::Several => ("several origins in one text", "each is listed by itself"),
            Self::AnyScheme => (
                "two schemes",
                "list it twice, with `http://` and with `https://`",
            ),
            Self::NoPages => (
                "scheme without pages",
                "no page has such an origin; a WebSocket has the origin of its page, as in `https://app.example.com`",
            ),
            Self::WholeScheme => (
                "every host of a scheme of the web",
                "list hosts, as in `https://*.example.com`; only a scheme of its own can be listed whole, as in \
                 `moz-extension://*`",
            ),
            Self::EmptyHost => ("no host", "an origin names a host after `://`"),
            Self::EmptyLabel => (
                "empty label",
                "the labels of a host are separated by single dots",
            ),
            Self::File => (
                "unexpected text after `file://`",
                "browsers send `file://` or `null` for every local file",
            ),
            Self::Ipv4 => (
                "IPv4 address not in its canonical form",
                "write four decimal numbers without leading zeros",
            ),
            Self::Ipv6 => (
                "IPv6 address not in its canonical form",
                "write it compressed, in lower case and in brackets",
            ),
            Self::EmptyPort => ("no port", "a colon is followed by a port"),
            Self::PortCharacter => (
                "unexpected character in the port",
                "a port is a decimal number",
            ),
            Self::PortList => (
                "list or range of ports without meaning",
                "a list names each port once, as in `:{3000,5173}`, and a range rises, as in `:3000-3999`",
            ),
            Self::PortRange => (
                "port out of range",
                "a port is a number from 1 to 65535 without leading zeros",
            ),
            Self::DefaultPort => (
                "default port",
                "browsers leave out the default port of the scheme",
            ),
            Self::TooLong => (
                "too long",
                "a host has at most 253 bytes, a scheme 63, and a label with a `*` too",
            ),
        }
    }
}
