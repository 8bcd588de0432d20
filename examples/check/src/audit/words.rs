//! What the report says of each mistake.

use tower_cors::testing::{Finding, Hole};
use url::Url;

use super::mistake::{Mistake, is_null};
use crate::advice::Need;

pub(super) struct Words {
    pub(super) code: &'static str,
    pub(super) title: String,
    pub(super) consequence: String,
    pub(super) change: String,
    pub(super) need: Need,
}

pub(super) fn words(
    mistake: Mistake,
    findings: &[&Finding],
    page: &str,
    with_credentials: bool,
) -> Words {
    let exact = Need {
        exact: true,
        ..Need::default()
    };
    let cookies = if with_credentials {
        " with the cookies of its users"
    } else {
        ""
    };
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
            "the response depends on the origin, and does not say so with `Vary: Origin`",
            "A cache, also that of a browser, gives one page the response for another, and the browser blocks it.".to_owned(),
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

pub(super) fn host(page: &str) -> String {
    let url = Url::parse(page).ok();
    url.and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default()
}

pub(super) fn parent(page: &str) -> String {
    let host = host(page);
    host.split_once('.')
        .map_or(host.clone(), |(_, parent)| parent.to_owned())
}
