//! The origins that a user means to allow.

use url::Url;

use super::origin::serialize;

/// What is meant to be allowed, as far as an oracle must know it: matched anew, so that a fault of the layer is not
/// repeated here.
#[derive(Debug, Default)]
pub(super) struct AllowedOrigins {
    pub(super) any: bool,
    pub(super) null: bool,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    /// `https://app.example.com`, an origin that the pattern stands for.
    example: Url,
    subdomains: bool,
    any_port: bool,
}

impl AllowedOrigins {
    /// Origins, `https://*.example.com`, `http://localhost:*`, `null`, and `*` for any.
    pub(super) fn parse<T: AsRef<str>>(
        origins: impl IntoIterator<Item = T>,
    ) -> Result<Self, String> {
        let mut allowed = Self::default();
        for origin in origins {
            match origin.as_ref() {
                "*" => allowed.any = true,
                "null" => allowed.null = true,
                text => allowed.patterns.push(Pattern::parse(text)?),
            }
        }
        Ok(allowed)
    }

    /// An origin of each pattern.
    pub(super) fn examples(&self) -> impl Iterator<Item = &Url> {
        self.patterns.iter().map(|pattern| &pattern.example)
    }

    /// Whether a page of this origin is meant to be allowed.
    pub(super) fn allows(&self, origin: &[u8]) -> bool {
        if origin == b"null" {
            return self.any || self.null;
        }
        let parsed = std::str::from_utf8(origin).ok().and_then(parse_origin);
        parsed.is_some_and(|url| {
            self.any || self.patterns.iter().any(|pattern| pattern.matches(&url))
        })
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, String> {
        let (rest, any_port) = match text.strip_suffix(":*") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let subdomains = rest.contains("://*.");
        let example = rest.replacen("://*.", "://sub.", 1);
        match parse_origin(&example).filter(|_| !example.contains('*')) {
            Some(example) => Ok(Self {
                example,
                subdomains,
                any_port,
            }),
            None => Err(format!(
                "`{text}` is not an origin that browsers send, such as `https://app.example.com`, nor a pattern such as \
                 `https://*.example.com` or `http://localhost:*`, nor `null` or `*`"
            )),
        }
    }

    fn matches(&self, origin: &Url) -> bool {
        let (Some(host), Some(example)) = (origin.host_str(), self.example.host_str()) else {
            return false;
        };
        let is_host = if self.subdomains {
            let domain = example.strip_prefix("sub").unwrap_or(example);
            host.strip_suffix(domain)
                .is_some_and(|labels| !labels.is_empty())
        } else {
            host == example
        };
        is_host
            && origin.scheme() == self.example.scheme()
            && (self.any_port || origin.port() == self.example.port())
    }
}

/// The URL of an origin, if it is serialized as browsers do.
fn parse_origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (serialize(&url) == text && url.has_host()).then_some(url)
}
