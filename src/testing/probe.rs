//! What a service is asked that should get nothing.

use url::Url;

use super::allowed::AllowedReaders;
use super::origin::is_public_suffix;

/// Lines of `Origin`, and what is wrong with them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Probe {
    pub(super) kind: Kind,
    pub(super) lines: Vec<Vec<u8>>,
    pub(super) what: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// An origin that nobody can have listed: who allows it allows any.
    MadeUp,
    /// An origin that has nothing to do with those allowed.
    Stranger,
    /// An origin of another that resembles an allowed one.
    LookAlike,
    /// An origin of another under the same public suffix.
    Sibling,
    /// An allowed origin over `http`.
    InsecureTwin,
    Null,
    /// What no browser sends.
    Malformed,
    /// Two lines.
    Repeated,
}

/// A name that nobody has: <https://www.rfc-editor.org/rfc/rfc6761#section-6.4>
pub(super) const STRANGER: &str = "https://stranger.invalid";

/// All that should be rejected where these origins are allowed.
pub(super) fn probes(readers: &AllowedReaders) -> Vec<Probe> {
    let mut probes = general();
    for origin in readers.examples() {
        siblings(origin, &mut probes);
        look_alikes(origin, &mut probes);
        malformed(origin, &mut probes);
        repeated(origin, &mut probes);
    }
    probes.retain(|probe| match probe.kind {
        Kind::Repeated => true,
        // Who may read without credentials may still not read with them.
        _ => {
            let allowed = |line: &Vec<u8>| readers.allows_with_credentials(line);
            !probe.lines.iter().any(allowed)
        }
    });
    let mut seen: Vec<Vec<Vec<u8>>> = Vec::new();
    probes.retain(|probe| {
        let is_new = !seen.contains(&probe.lines);
        seen.push(probe.lines.clone());
        is_new
    });
    probes
}

fn probe(kind: Kind, what: &'static str, line: impl Into<Vec<u8>>) -> Probe {
    Probe {
        kind,
        lines: vec![line.into()],
        what,
    }
}

fn general() -> Vec<Probe> {
    let made_up = |what, line: &str| probe(Kind::MadeUp, what, line);
    let stranger = |what, line: &str| probe(Kind::Stranger, what, line);
    let malformed = |what, line: &str| probe(Kind::Malformed, what, line);
    vec![
        made_up("a stranger", STRANGER),
        made_up("a stranger without TLS", "http://stranger.invalid"),
        made_up("a host with the name of the opaque origin", "https://null"),
        stranger("a server of the user's machine", "http://localhost"),
        stranger("a server of the user's machine", "http://localhost:3000"),
        stranger("a server of the user's machine", "http://127.0.0.1"),
        stranger("a server of the user's machine", "http://[::1]:8080"),
        stranger(
            "a name that begins like the user's machine",
            "http://localhost.stranger.invalid",
        ),
        stranger(
            "a browser extension",
            "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        probe(
            Kind::Null,
            "the opaque origin, which any page can have",
            "null",
        ),
        malformed("the opaque origin in another case", "NULL"),
        malformed("the opaque origin in another case", "Null"),
        malformed("nothing", ""),
        malformed("a wildcard", "*"),
        malformed("a word", "undefined"),
        stranger("a file of the user's machine", "file://"),
        malformed("no host", "https://"),
        malformed("empty labels", "https://..stranger.invalid"),
        malformed("a port out of range", "https://stranger.invalid:65536"),
    ]
}

/// The origins next to this one. Under a public suffix, others have them: <https://publicsuffix.org/>
fn siblings(origin: &Url, probes: &mut Vec<Probe>) {
    let Parts { scheme, port, .. } = Parts::of(origin);
    let Some((label, parent)) = origin.domain().and_then(|domain| domain.split_once('.')) else {
        return;
    };
    let (kind, what) = match is_public_suffix(parent) {
        true => (
            Kind::Sibling,
            "a name of another under the same public suffix",
        ),
        false => (Kind::LookAlike, "a name next to the allowed one"),
    };
    let mut labels = vec![
        "stranger".to_owned(),
        format!("{label}-stranger"),
        format!("{label}stranger"),
        format!("stranger-{label}"),
        format!("stranger{label}"),
        format!("stranger-{label}-stranger"),
    ];
    // What begins, or ends, as the name does up to a hyphen.
    for (position, _) in label.match_indices('-') {
        labels.push(format!("{}-stranger", &label[..position]));
        labels.push(format!("stranger-{}", &label[position + 1..]));
    }
    for label in labels {
        probes.push(probe(
            kind,
            what,
            format!("{scheme}://{label}.{parent}{port}"),
        ));
        if scheme == "https" && kind == Kind::Sibling {
            probes.push(probe(kind, what, format!("http://{label}.{parent}{port}")));
        }
    }
}

/// The origins of others that careless comparisons take for this one.
fn look_alikes(origin: &Url, probes: &mut Vec<Probe>) {
    let Parts { scheme, host, port } = Parts::of(origin);
    if scheme == "https" {
        let twin = format!("http://{host}{port}");
        probes.push(probe(
            Kind::InsecureTwin,
            "the allowed origin over `http`",
            twin,
        ));
        let twin = format!("http://stranger.{host}{port}");
        probes.push(probe(Kind::LookAlike, "a subdomain over `http`", twin));
    }
    let mut add = |what, line: String| probes.push(probe(Kind::LookAlike, what, line));
    add(
        "the allowed origin as a prefix",
        format!("{scheme}://{host}.stranger.invalid{port}"),
    );
    add(
        "the allowed origin as a prefix",
        format!("{scheme}://{host}stranger.invalid{port}"),
    );
    add(
        "the allowed origin as a prefix, with a hyphen",
        format!("{scheme}://{host}-stranger.invalid{port}"),
    );
    add(
        "the allowed origin as a prefix, with an underscore",
        format!("{scheme}://{host}_.stranger.invalid{port}"),
    );
    add(
        "the allowed host as a suffix",
        format!("{scheme}://stranger{host}{port}"),
    );
    add(
        "the allowed host as a suffix, with a hyphen",
        format!("{scheme}://stranger-{host}{port}"),
    );
    add(
        "the allowed host in the middle",
        format!("{scheme}://stranger-{host}.stranger.invalid{port}"),
    );
    add(
        "a subdomain of the allowed host",
        format!("{scheme}://stranger.{host}{port}"),
    );
    add(
        "the allowed host with a letter more",
        format!("{scheme}://{host}x{port}"),
    );
    add(
        "the allowed host with a trailing dot",
        format!("{scheme}://{host}.{port}"),
    );
    if scheme == "http" {
        add("another scheme", format!("https://{host}{port}"));
    }
    add("another scheme", format!("{scheme}x://{host}{port}"));
    add("another scheme", format!("ws://{host}{port}"));
    add(
        "another port",
        format!(
            "{scheme}://{host}:{}",
            if port == ":8443" { "9443" } else { "8443" }
        ),
    );
    if !port.is_empty() {
        add("no port", format!("{scheme}://{host}"));
        add(
            "the allowed port as a prefix",
            format!("{scheme}://{host}{port}0"),
        );
    }
    if origin.domain().is_none() {
        return;
    }
    let parent = host.split_once('.').map(|(_, parent)| parent);
    for domain in [Some(host), parent].into_iter().flatten() {
        add("an empty label", format!("{scheme}://.{domain}{port}"));
    }
    add(
        "a letter for the first dot",
        format!("{scheme}://{}{port}", host.replacen('.', "x", 1)),
    );
    if let Some((front, back)) = host.rsplit_once('.') {
        add(
            "a letter for the last dot",
            format!("{scheme}://{front}x{back}{port}"),
        );
        add(
            "the allowed host without its last letter",
            format!("{scheme}://{}{port}", &host[..host.len() - 1]),
        );
    }
    if let Some(parent) = parent.filter(|parent| parent.contains('.')) {
        add("the parent domain", format!("{scheme}://{parent}{port}"));
        add(
            "the parent domain as a suffix",
            format!("{scheme}://stranger{parent}{port}"),
        );
        add(
            "the parent domain as a suffix, with a hyphen",
            format!("{scheme}://stranger-{parent}{port}"),
        );
        add(
            "the parent domain as a prefix",
            format!("{scheme}://{parent}.stranger.invalid{port}"),
        );
        add(
            "the parent domain without its first letter",
            format!("{scheme}://{}{port}", &parent[1..]),
        );
    }
}

/// What resembles this origin and is none.
fn malformed(origin: &Url, probes: &mut Vec<Probe>) {
    let Parts { scheme, host, port } = Parts::of(origin);
    let allowed = format!("{scheme}://{host}{port}");
    let mut add = |what, line: &str| probes.push(probe(Kind::Malformed, what, line));
    add("upper case", &allowed.to_ascii_uppercase());
    add(
        "the scheme in upper case",
        &format!("{}://{host}{port}", scheme.to_ascii_uppercase()),
    );
    add(
        "the host in upper case",
        &format!("{scheme}://{}{port}", host.to_ascii_uppercase()),
    );
    add("a trailing slash", &format!("{allowed}/"));
    add("a path", &format!("{allowed}/stranger"));
    add("no scheme", &format!("{host}{port}"));
    add("no slashes", &format!("{scheme}:{host}{port}"));
    add(
        "the allowed origin as user name",
        &format!("{allowed}@stranger.invalid"),
    );
    add("a user name", &format!("{scheme}://stranger@{host}{port}"));
    add("a list with spaces", &format!("{allowed} {STRANGER}"));
    add("a list with commas", &format!("{allowed}, {STRANGER}"));
    add("a list with commas", &format!("{STRANGER}, {allowed}"));
    add("a quoted origin", &format!("\"{allowed}\""));
    if port.is_empty() {
        let default = if scheme == "http" { 80 } else { 443 };
        add("the default port", &format!("{allowed}:{default}"));
        add("an empty port", &format!("{allowed}:"));
        add("a port out of range", &format!("{allowed}:65536"));
    } else {
        add(
            "a port with a leading zero",
            &format!("{scheme}://{host}:0{}", &port[1..]),
        );
    }
    for character in "`{}+^~|&(*,=!;'$%".chars() {
        add(
            "a character before a stranger's domain",
            &format!("{scheme}://{host}{character}.stranger.invalid{port}"),
        );
    }
    for separator in ["/", "?", "#", "\\", ":80/", "`", "%60", "@", " ", ","] {
        let suffix = host.strip_prefix("sub").unwrap_or(host);
        let suffix = suffix.strip_prefix('.').unwrap_or(suffix);
        add(
            "a stranger's URL that ends like the allowed origin",
            &format!("{STRANGER}{separator}.{suffix}{port}"),
        );
        add(
            "a stranger's URL that ends like the allowed origin",
            &format!("{STRANGER}{separator}{allowed}"),
        );
    }
    let bytes = [
        scheme.as_bytes(),
        b"://\xff.",
        host.as_bytes(),
        port.as_bytes(),
    ]
    .concat();
    probes.push(probe(Kind::Malformed, "bytes that are not ASCII", bytes));
}

fn repeated(origin: &Url, probes: &mut Vec<Probe>) {
    let Parts { scheme, host, port } = Parts::of(origin);
    let allowed = format!("{scheme}://{host}{port}").into_bytes();
    let stranger = STRANGER.as_bytes().to_vec();
    let what = "two lines of `Origin`";
    probes.push(Probe {
        kind: Kind::Repeated,
        lines: vec![allowed.clone(), stranger.clone()],
        what,
    });
    probes.push(Probe {
        kind: Kind::Repeated,
        lines: vec![stranger, allowed],
        what,
    });
}

/// An origin in three texts that make it up again.
struct Parts<'a> {
    scheme: &'a str,
    host: &'a str,
    /// With its colon; empty if it is the default.
    port: String,
}

impl<'a> Parts<'a> {
    fn of(origin: &'a Url) -> Self {
        Self {
            scheme: origin.scheme(),
            host: origin.host_str().unwrap_or_default(),
            port: origin
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default(),
        }
    }
}
