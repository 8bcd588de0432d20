//! Which mistake of a server a finding shows.

use tower_cors::testing::{Finding, Hole};
use url::Url;

use super::group::origin;

/// What one mistake in a server is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mistake {
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

/// Joins what one comparison causes.
///
/// A kind may stand twice in `found`, and stands once afterwards.
pub(super) fn merge(found: &mut Vec<(Mistake, Vec<&Finding>)>) {
    let mut join = |into: Mistake, from: &[Mistake]| {
        if !from
            .iter()
            .all(|mistake| found.iter().any(|(other, _)| other == mistake))
        {
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
    join(
        Mistake::Substring,
        &[Mistake::Prefix, Mistake::ParentSuffix],
    );
    // Whoever compares the end with the parent domain allows all that ends so.
    join(
        Mistake::ParentSuffix,
        &[Mistake::ParentSuffix, Mistake::Suffix],
    );
    join(
        Mistake::ParentSuffix,
        &[Mistake::ParentSuffix, Mistake::Subdomains],
    );
    join(
        Mistake::ParentSuffix,
        &[Mistake::ParentSuffix, Mistake::Neighbors],
    );
    join(Mistake::Suffix, &[Mistake::Suffix, Mistake::Subdomains]);
    join(Mistake::Suffix, &[Mistake::Suffix, Mistake::Neighbors]);
    for compared in [
        Mistake::Substring,
        Mistake::Suffix,
        Mistake::ParentSuffix,
        Mistake::Prefix,
    ] {
        for effect in [
            Mistake::Loose,
            Mistake::Dot,
            Mistake::Subdomains,
            Mistake::Neighbors,
            Mistake::Scheme,
            Mistake::Port,
            Mistake::Suffix,
            Mistake::ParentSuffix,
        ] {
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
pub(super) fn is_about_origins(hole: Hole) -> bool {
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

/// Returns whether the server sent back what looks like a mistake of its own.
pub(super) fn is_echo(finding: &Finding) -> bool {
    finding.hole() == Hole::RepeatedAllowed
        || origin(finding) == "*"
            && matches!(
                finding.hole(),
                Hole::WildcardAllowed | Hole::WildcardWithCredentials
            )
}

/// Returns whether an origin is one that nobody can have listed.
pub(super) fn is_made_up(finding: &Finding) -> bool {
    [
        "https://stranger.invalid",
        "http://stranger.invalid",
        "https://null",
    ]
    .contains(&origin(finding).as_str())
}

pub(super) fn is_null(finding: &Finding) -> bool {
    matches!(
        finding.hole(),
        Hole::NullAllowed | Hole::NullWithCredentials
    )
}

/// What a server compares, to allow this origin where that of the page is meant.
pub(super) fn origin_mistake(finding: &Finding, page: &str) -> Mistake {
    let asked = origin(finding);
    if is_null(finding) {
        return Mistake::Null;
    }
    if finding.hole() == Hole::StrangerAllowed {
        return match asked.contains("localhost")
            || asked.contains("127.0.0.1")
            || asked.contains("[::1]")
        {
            true => Mistake::Local,
            false => Mistake::Other,
        };
    }
    if asked.eq_ignore_ascii_case(page) {
        return Mistake::Case;
    }
    let (Ok(url), Ok(meant)) = (Url::parse(&asked), Url::parse(page)) else {
        return if asked.starts_with(page) {
            Mistake::Prefix
        } else {
            Mistake::Loose
        };
    };
    let host = asked_host(&asked);
    let (is_same_scheme, meant_host) = (
        url.scheme() == meant.scheme(),
        meant.host_str().unwrap_or_default().to_owned(),
    );
    let parent = meant_host
        .split_once('.')
        .map(|(_, parent)| parent)
        .filter(|parent| parent.contains('.'));
    if host == meant_host && !is_same_scheme {
        Mistake::Scheme
    } else if host == meant_host && url.port_or_known_default() != meant.port_or_known_default() {
        Mistake::Port
    } else if host == meant_host {
        Mistake::Loose
    } else if host.len() == meant_host.len()
        && host
            .bytes()
            .zip(meant_host.bytes())
            .all(|(one, other)| one == other || other == b'.')
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
pub(super) fn asked_host(asked: &str) -> String {
    let rest = asked.split_once("://").map_or(asked, |(_, rest)| rest);
    match rest.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host.to_owned(),
        _ => rest.to_owned(),
    }
}
