//! Findings by their cause: one mistake shows in many requests.

use http::header::{ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ORIGIN};
use tower_cors::testing::{Finding, Hole, Severity};
use url::Url;

use crate::advice::Need;
use crate::text::escaped;

/// Requests that a group shows.
const SHOWN: usize = 3;

/// Findings with the same cause.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// A stable name.
    pub(super) code: &'static str,
    pub(super) severity: Level,
    pub(super) title: String,
    /// What an attacker, or a user, gets of it.
    pub(super) consequence: String,
    /// What was sent and what came back, in a line each.
    pub(super) shown: Vec<String>,
    pub(super) count: usize,
    pub(super) change: String,
    pub(super) need: Need,
    pub(super) example: &'a Finding,
    pub(super) shows_wire: bool,
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    Hole,
    Mistake,
    Note,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Hole => "hole",
            Self::Mistake => "mistake",
            Self::Note => "note",
        }
    }

    /// Returns whether the exit code says it.
    pub(super) fn fails(self) -> bool {
        self != Self::Note
    }
}

/// What one mistake in a server is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mistake {
    AnyOrigin,
    Substring,
    Prefix,
    Suffix,
    ParentSuffix,
    Subdomains,
    Neighbors,
    Dot,
    Scheme,
    Port,
    Case,
    Loose,
    Local,
    Other,
    Null,
    TwoOrigins,
    Wildcard,
    WildcardWithCredentials,
    Repeated,
    VaryMissing,
    NotAllowed,
    NoLayer,
    RequestNotAllowed,
    CredentialsMissing,
    CredentialsAllowed,
    Failed,
}

/// Groups findings by what a server does wrong, the worst first.
///
/// `meant` are the origins that are meant to be allowed, for the lines to write.
pub(super) fn groups<'a>(findings: &'a [Finding], page: &str, meant: &[String]) -> Vec<Group<'a>> {
    let mut found: Vec<(Mistake, Vec<&Finding>)> = Vec::new();
    let mut add = |mistake, finding| match found.iter_mut().find(|(other, _)| *other == mistake) {
        Some((_, findings)) => findings.push(finding),
        None => found.push((mistake, vec![finding])),
    };
    let allows_any = findings.iter().any(|finding| is_made_up(finding) && is_about_origins(finding.hole()));
    for finding in findings {
        let mistake = match finding.hole() {
            // A server that sends back any origin also sends back `*` and one of two.
            hole if allows_any && (is_about_origins(hole) || is_echo(finding)) => Mistake::AnyOrigin,
            _ if is_echo(finding) && origin(finding) == "*" => Mistake::Loose,
            hole if is_about_origins(hole) => origin_mistake(finding, page),
            Hole::RepeatedAllowed => Mistake::TwoOrigins,
            Hole::WildcardAllowed => Mistake::Wildcard,
            Hole::WildcardWithCredentials => Mistake::WildcardWithCredentials,
            Hole::AllowOriginRepeated => Mistake::Repeated,
            Hole::VaryMissing => Mistake::VaryMissing,
            Hole::AllowedOriginRejected => Mistake::NotAllowed,
            Hole::NoCorsLayer => Mistake::NoLayer,
            Hole::RequestNotAllowed => Mistake::RequestNotAllowed,
            Hole::CredentialsNotAllowed => Mistake::CredentialsMissing,
            Hole::CredentialsAllowed => Mistake::CredentialsAllowed,
            Hole::ServiceFailed => Mistake::Failed,
            _ => Mistake::Other,
        };
        add(mistake, finding);
    }
    for (mistake, findings) in &mut found {
        // `strangerapp.example.com` is a neighbor, and ends like the name that is meant.
        let ends_so = |finding: &&Finding| asked_host(&origin(finding)).ends_with(&host(page));
        if *mistake == Mistake::Neighbors && findings.iter().all(ends_so) {
            *mistake = Mistake::Suffix;
        }
    }
    merge(&mut found);
    let mut groups: Vec<Group<'a>> = found
        .into_iter()
        .map(|(mistake, findings)| group(mistake, &findings, page))
        .collect();
    for group in &mut groups {
        group.need.meant = meant.to_vec();
    }
    groups.sort_by_key(|group| group.severity);
    groups
}

/// Joins what one comparison causes.
///
/// A kind may stand twice in `found`, and stands once afterwards.
fn merge(found: &mut Vec<(Mistake, Vec<&Finding>)>) {
    let mut join = |into: Mistake, from: &[Mistake]| {
        if !from.iter().all(|mistake| found.iter().any(|(other, _)| other == mistake)) {
            return;
        }
        let mut joined = Vec::new();
        found.retain_mut(|(mistake, findings)| {
            let is_joined = from.contains(mistake) || *mistake == into;
            if is_joined {
                joined.append(findings);
            }
            !is_joined
        });
        found.push((into, joined));
    };
    join(Mistake::Suffix, &[Mistake::Suffix]);
    // Whoever looks for a part allows what begins with it and what ends with it.
    join(Mistake::Substring, &[Mistake::Prefix, Mistake::Suffix]);
    join(Mistake::Substring, &[Mistake::Prefix, Mistake::ParentSuffix]);
    // Whoever compares the end with the parent domain allows all that ends so.
    join(Mistake::ParentSuffix, &[Mistake::ParentSuffix, Mistake::Suffix]);
    join(Mistake::ParentSuffix, &[Mistake::ParentSuffix, Mistake::Subdomains]);
    join(Mistake::ParentSuffix, &[Mistake::ParentSuffix, Mistake::Neighbors]);
    join(Mistake::Suffix, &[Mistake::Suffix, Mistake::Subdomains]);
    join(Mistake::Suffix, &[Mistake::Suffix, Mistake::Neighbors]);
    for compared in [Mistake::Substring, Mistake::Suffix, Mistake::ParentSuffix, Mistake::Prefix] {
        for effect in [Mistake::Loose, Mistake::Dot, Mistake::Subdomains, Mistake::Neighbors, Mistake::Scheme, Mistake::Port, Mistake::Suffix, Mistake::ParentSuffix] {
            if compared != effect {
                join(compared, &[compared, effect]);
            }
        }
    }
    // What is no origin cannot be sent, so it tells nothing more.
    join(Mistake::Subdomains, &[Mistake::Subdomains, Mistake::Loose]);
    join(Mistake::Neighbors, &[Mistake::Neighbors, Mistake::Loose]);
}

/// Returns whether a hole is an origin that is allowed and should not be.
fn is_about_origins(hole: Hole) -> bool {
    matches!(
        hole,
        Hole::AnyOriginWithCredentials
            | Hole::StrangerAllowed
            | Hole::LookAlikeAllowed
            | Hole::NullAllowed
            | Hole::NullWithCredentials
            | Hole::SiblingAllowed
            | Hole::InsecureTwinAllowed
            | Hole::MalformedAllowed
    )
}

fn origin(finding: &Finding) -> String {
    let origin = finding.exchange().request_headers().get(ORIGIN);
    origin.map(|origin| escaped(origin.as_bytes())).unwrap_or_default()
}

/// Returns whether the server sent back what looks like a mistake of its own.
fn is_echo(finding: &Finding) -> bool {
    finding.hole() == Hole::RepeatedAllowed
        || origin(finding) == "*" && matches!(finding.hole(), Hole::WildcardAllowed | Hole::WildcardWithCredentials)
}

/// Returns whether an origin is one that nobody can have listed.
fn is_made_up(finding: &Finding) -> bool {
    ["https://stranger.invalid", "http://stranger.invalid", "https://null"].contains(&origin(finding).as_str())
}

fn is_null(finding: &Finding) -> bool {
    matches!(finding.hole(), Hole::NullAllowed | Hole::NullWithCredentials)
}

/// What a server compares, to allow this origin where that of the page is meant.
fn origin_mistake(finding: &Finding, page: &str) -> Mistake {
    let asked = origin(finding);
    if is_null(finding) {
        return Mistake::Null;
    }
    if finding.hole() == Hole::StrangerAllowed {
        return match asked.contains("localhost") || asked.contains("127.0.0.1") || asked.contains("[::1]") {
            true => Mistake::Local,
            false => Mistake::Other,
        };
    }
    if asked.eq_ignore_ascii_case(page) {
        return Mistake::Case;
    }
    let (Ok(url), Ok(meant)) = (Url::parse(&asked), Url::parse(page)) else {
        return if asked.starts_with(page) { Mistake::Prefix } else { Mistake::Loose };
    };
    let host = asked_host(&asked);
    let (is_same_scheme, meant_host) = (url.scheme() == meant.scheme(), meant.host_str().unwrap_or_default().to_owned());
    let parent = meant_host.split_once('.').map(|(_, parent)| parent).filter(|parent| parent.contains('.'));
    if host == meant_host && !is_same_scheme {
        Mistake::Scheme
    } else if host == meant_host && url.port_or_known_default() != meant.port_or_known_default() {
        Mistake::Port
    } else if host == meant_host {
        Mistake::Loose
    } else if host.len() == meant_host.len()
        && host.bytes().zip(meant_host.bytes()).all(|(one, other)| one == other || other == b'.')
    {
        Mistake::Dot
    } else if host.ends_with(&format!(".{meant_host}")) {
        Mistake::Subdomains
    } else if asked.starts_with(page) || host.starts_with(&meant_host) {
        Mistake::Prefix
    } else if let Some(parent) = parent
        && host.ends_with(&format!(".{parent}"))
    {
        Mistake::Neighbors
    } else if host.ends_with(&meant_host) {
        Mistake::Suffix
    } else if host.contains(&meant_host) {
        Mistake::Substring
    } else if let Some(parent) = parent
        && host.ends_with(parent)
    {
        Mistake::ParentSuffix
    } else if finding.hole() == Hole::MalformedAllowed {
        Mistake::Loose
    } else {
        Mistake::Other
    }
}

/// The host of what was sent, without a port. It may be malformed.
fn asked_host(asked: &str) -> String {
    let rest = asked.split_once("://").map_or(asked, |(_, rest)| rest);
    match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
        _ => rest.to_owned(),
    }
}

fn group<'a>(mistake: Mistake, findings: &[&'a Finding], page: &str) -> Group<'a> {
    let with_credentials = findings.iter().any(|finding| {
        let headers = finding.exchange().response_headers();
        headers.and_then(|headers| headers.get(ACCESS_CONTROL_ALLOW_CREDENTIALS)).is_some_and(|value| value == "true")
    });
    let mut shown: Vec<String> = Vec::new();
    for finding in findings {
        let line = line(finding);
        if shown.len() < SHOWN && !shown.contains(&line) {
            shown.push(line);
        }
    }
    let severity = match findings.iter().map(|finding| finding.severity()).max() {
        Some(Severity::Hole) => Level::Hole,
        Some(Severity::Mistake) => Level::Mistake,
        _ => Level::Note,
    };
    let Words { code, title, consequence, change, need } = words(mistake, findings, page, with_credentials);
    Group {
        code,
        severity: if mistake == Mistake::Case { Level::Note } else { severity },
        title,
        consequence,
        shown,
        count: findings.len(),
        change,
        need,
        example: findings[0],
        shows_wire: matches!(mistake, Mistake::RequestNotAllowed | Mistake::NotAllowed | Mistake::NoLayer),
    }
}

/// What was sent, and what came back.
fn line(finding: &Finding) -> String {
    let exchange = finding.exchange();
    let sent: Vec<String> = exchange
        .request_headers()
        .get_all(ORIGIN)
        .iter()
        .map(|origin| format!("Origin: {}", escaped(origin.as_bytes())))
        .collect();
    let sent = if sent.is_empty() { "no Origin".to_owned() } else { sent.join(" and ") };
    let kind = if exchange.is_preflight() { "preflight" } else { exchange.method() };
    let headers = exchange.response_headers().cloned().unwrap_or_default();
    let mut received: Vec<String> = headers
        .get_all(ACCESS_CONTROL_ALLOW_ORIGIN)
        .iter()
        .map(|value| format!("Access-Control-Allow-Origin: {}", escaped(value.as_bytes())))
        .collect();
    if received.is_empty() {
        received.push("no Access-Control-Allow-Origin".to_owned());
    }
    if finding.hole() == Hole::VaryMissing {
        received.push("no Vary: Origin".to_owned());
    }
    let status = exchange.status().map(|status| status.as_u16().to_string()).unwrap_or_else(|| "no answer".to_owned());
    format!("{kind} with {sent} → {status}, {}", received.join(", "))
}

struct Words {
    code: &'static str,
    title: String,
    consequence: String,
    change: String,
    need: Need,
}

fn words(mistake: Mistake, findings: &[&Finding], page: &str, with_credentials: bool) -> Words {
    let exact = Need {
        exact: true,
        ..Need::default()
    };
    let cookies = if with_credentials { " with the cookies of its users" } else { "" };
    let compares = |code, title: &str| Words {
        code,
        title: title.to_owned(),
        consequence: format!("An attacker who registers such a name reads the answers{cookies}."),
        change: "Compare the whole `Origin` with each entry of a list, byte for byte.".to_owned(),
        need: exact.clone(),
    };
    let mean = |code, title: &str, consequence: String, change: &str, need: Need| Words {
        code,
        title: title.to_owned(),
        consequence,
        change: change.to_owned(),
        need,
    };
    let has_null = findings.iter().any(|finding| is_null(finding));
    match mistake {
        Mistake::AnyOrigin => mean(
            if with_credentials { "any-origin-with-credentials" } else { "any-origin" },
            match (with_credentials, has_null) {
                (true, true) => "the server sends back any origin, also `null`, and allows credentials",
                (true, false) => "the server sends back any origin, and allows credentials",
                (false, true) => "the server sends back any origin, also `null`",
                (false, false) => "the server sends back any origin",
            },
            if with_credentials {
                "Every web site can act as a user who is logged in here and visits it, and reads the answers.".to_owned()
            } else {
                "Every web site reads the answers, also those of a private network or of this machine.".to_owned()
            },
            "List the origins that may read. If everybody may, send `*` and no credentials.",
            exact,
        ),
        Mistake::Substring => compares("substring", &format!("the server allows what contains `{}`", host(page))),
        Mistake::Prefix => compares("prefix", &format!("the server allows what begins with `{page}`")),
        Mistake::Suffix => compares("suffix", &format!("the server allows what ends with `{}`", host(page))),
        Mistake::ParentSuffix => compares("suffix", &format!("the server allows what ends with `{}`", parent(page))),
        Mistake::Dot => compares("unescaped-dot", "the server takes a dot of the expression for any character"),
        Mistake::Subdomains => mean(
            "subdomains",
            &format!("the server allows every subdomain of `{}`", host(page)),
            format!("One subdomain that somebody else controls, or that has a hole, reads the answers{cookies}."),
            "List the subdomains. If all are meant, say so with `--allow`.",
            exact,
        ),
        Mistake::Neighbors => mean(
            "neighbors",
            &format!("the server allows every name under `{}`", parent(page)),
            if findings.iter().any(|finding| finding.hole() == Hole::SiblingAllowed) {
                format!("Anyone can get a name there, and reads the answers{cookies}.")
            } else {
                format!("One name that somebody else controls, or that has a hole, reads the answers{cookies}.")
            },
            "List the names. If all are meant, say so with `--allow`.",
            exact,
        ),
        Mistake::Scheme => mean(
            "scheme-ignored",
            "the server allows the origin with another scheme",
            format!("A network attacker can be the page at `{}`, and reads the answers{cookies}.", page.replacen("https", "http", 1)),
            "Compare the scheme too, and allow `https` alone.",
            exact,
        ),
        Mistake::Port => mean(
            "port-ignored",
            "the server allows the origin with another port",
            "Whatever listens at another port of that host reads the answers.".to_owned(),
            "Compare the port too.",
            exact,
        ),
        Mistake::Case => mean(
            "case-ignored",
            "the server does not compare the case of the origin",
            "Browsers send lower case only, so this alone is harmless.".to_owned(),
            "Compare byte for byte.",
            Need::default(),
        ),
        Mistake::Loose => mean(
            "loose-comparison",
            "the server allows what no browser sends as `Origin`",
            "Who compares so loosely may also be led to allow another host.".to_owned(),
            "Compare the whole `Origin` with each entry of a list, byte for byte.",
            exact,
        ),
        Mistake::Local => mean(
            "local-allowed",
            "the server allows pages of the user's own machine",
            format!("Whatever serves at that port of the user's machine reads the answers{cookies}."),
            "Allow them in development only. If they are meant, say so with `--allow`.",
            exact,
        ),
        Mistake::Other => mean(
            "other-origin",
            "the server allows an origin that was not meant",
            format!("Its pages read the answers{cookies}."),
            "Remove it from the list. If it is meant, say so with `--allow`.",
            exact,
        ),
        Mistake::Null => mean(
            if with_credentials { "null-with-credentials" } else { "null-allowed" },
            "the server allows the origin `null`",
            format!("Any web site can have it, in a sandboxed frame, and reads the answers{cookies}."),
            "Remove `null` from the list, and give the page that needs it an origin of its own.",
            exact,
        ),
        Mistake::TwoOrigins => mean(
            "two-origins",
            "the server allows one of two `Origin` lines",
            "No browser sends two.".to_owned(),
            "Reject requests with more than one `Origin`.",
            Need::default(),
        ),
        Mistake::Wildcard => mean(
            "wildcard",
            "the server allows any origin, without credentials",
            "Every web site reads the answers that need no cookies.".to_owned(),
            "List the origins. If everybody may read, say so with `--allow '*'`.",
            exact,
        ),
        Mistake::WildcardWithCredentials => mean(
            "wildcard-with-credentials",
            "the server sends `*` together with Access-Control-Allow-Credentials",
            "Browsers reject it for requests with credentials.".to_owned(),
            "Name the origin instead of `*`, or leave credentials out.",
            exact,
        ),
        Mistake::Repeated => mean(
            "repeated",
            "the server sends Access-Control-Allow-Origin more than once",
            "Browsers reject it.".to_owned(),
            "Two places add it. Remove it in one of them; `--via` and `--direct` show which adds it.",
            Need {
                once: true,
                ..Need::default()
            },
        ),
        Mistake::VaryMissing => mean(
            "vary-missing",
            "the answer depends on the origin, and does not say so with `Vary: Origin`",
            "A cache, also that of a browser, gives one page the answer for another, and the browser blocks it.".to_owned(),
            "Send `Vary: Origin` with every answer of this URL, also without `Origin` and to origins that are not allowed.",
            Need {
                vary: true,
                ..Need::default()
            },
        ),
        Mistake::NotAllowed => mean(
            "not-allowed",
            "an origin that is meant to be allowed is not",
            "The rest of the search proves little: a server that allows nobody has no hole.".to_owned(),
            "Run the program without --audit: it explains why.",
            Need::default(),
        ),
        Mistake::NoLayer => mean(
            "no-cors-layer",
            "an error without CORS headers answered an allowed origin",
            "Something before the CORS layer answered, such as authentication. The rest of the search proves little.".to_owned(),
            "Put the CORS layer outside everything that answers, or send what the server needs with -H.",
            Need {
                errors: true,
                ..Need::default()
            },
        ),
        Mistake::RequestNotAllowed => mean(
            "request-not-allowed",
            "an allowed page cannot send this request",
            "The preflight lacks the method or a header.".to_owned(),
            "Run the program without --audit: it names what is missing.",
            Need::default(),
        ),
        Mistake::CredentialsMissing => mean(
            "credentials-missing",
            "an origin that is meant to read with credentials cannot",
            String::new(),
            "Send `Access-Control-Allow-Credentials: true` to this origin.",
            Need {
                credentials: true,
                ..Need::default()
            },
        ),
        Mistake::CredentialsAllowed => mean(
            "credentials-allowed",
            "an origin that is meant to read without credentials can read with them",
            String::new(),
            "Send `Access-Control-Allow-Credentials` only to origins that may act as their users.",
            Need::default(),
        ),
        Mistake::Failed => mean(
            "no-answer",
            "the server did not answer some requests",
            String::new(),
            "Look into the server's log: a request with an unusual `Origin` must not make it fail. A rate limit is another reason.",
            Need::default(),
        ),
    }
}

fn host(page: &str) -> String {
    let url = Url::parse(page).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

fn parent(page: &str) -> String {
    let host = host(page);
    host.split_once('.').map_or(host.clone(), |(_, parent)| parent.to_owned())
}
