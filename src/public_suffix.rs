//! Public suffixes: domains under which anyone can register a name.

/// The relation of a domain to the public suffixes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Relation {
    /// The domain is one: `github.io`.
    Is,
    /// Public suffixes lie below the domain, so third parties may own its subdomains: `amazonaws.com`, with
    /// `s3.amazonaws.com`.
    LiesBelow,
    /// Neither.
    None,
}

/// Returns the relation of `domain` to the public suffixes.
///
/// Without the feature `public-suffix` only top-level domains and the best known hosting services are known as such.
pub(crate) fn relation(domain: &str) -> Relation {
    match domain {
        // Reserved for the machine itself: <https://www.rfc-editor.org/rfc/rfc6761#section-6.3>
        "localhost" => Relation::None,
        // The list's own default rule is `*`: <https://github.com/publicsuffix/list/wiki/Format>
        _ if !domain.contains('.') => Relation::Is,
        _ => listed(domain),
    }
}

/// A host at the label that its owner registered.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Registrable<'a> {
    /// The labels before it, with a dot at the end: `shop.` of `shop.example.co.uk`.
    pub(crate) before: &'a str,
    /// `example`.
    pub(crate) label: &'a str,
    /// The public suffix, with its dot: `.co.uk`.
    pub(crate) after: &'a str,
}

/// Returns the registered label of a host. An address, a public suffix and a name of the machine itself have none.
///
/// Without the feature `public-suffix` the same suffixes are known as in [`relation`].
pub(crate) fn registrable(host: &str) -> Option<Registrable<'_>> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let (_, top) = name.rsplit_once('.')?;
    if top == "localhost" || top.ends_with(']') || top.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let suffix = suffix(name).unwrap_or(top);
    let end = name.len().checked_sub(suffix.len() + ".".len())?;
    let (labels, after) = (host.get(..end)?, host.get(end..)?);
    let start = labels.rfind('.').map_or(0, |dot| dot + 1);
    let (before, label) = labels.split_at_checked(start)?;
    Some(Registrable {
        before,
        label,
        after,
    })
}

/// Hosting services that give a subdomain to whoever asks, from the list's private section.
pub(crate) const HOSTING: [&str; 32] = [
    "vercel.app",
    "vercel.dev",
    "now.sh",
    "netlify.app",
    "pages.dev",
    "workers.dev",
    "trycloudflare.com",
    "github.io",
    "gitlab.io",
    "web.app",
    "firebaseapp.com",
    "appspot.com",
    "a.run.app",
    "herokuapp.com",
    "onrender.com",
    "fly.dev",
    "up.railway.app",
    "deno.dev",
    "surge.sh",
    "azurewebsites.net",
    "azurestaticapps.net",
    "cloudfront.net",
    "s3.amazonaws.com",
    "ngrok.io",
    "ngrok.app",
    "ngrok.dev",
    "ngrok-free.app",
    "ngrok-free.dev",
    "replit.app",
    "repl.co",
    "webflow.io",
    "myshopify.com",
];

#[cfg(not(feature = "public-suffix"))]
fn listed(domain: &str) -> Relation {
    let lies_below = |suffix: &str| {
        suffix
            .strip_suffix(domain)
            .is_some_and(|labels| labels.ends_with('.'))
    };
    if HOSTING.contains(&domain) {
        Relation::Is
    } else if HOSTING.into_iter().any(lies_below) {
        Relation::LiesBelow
    } else {
        Relation::None
    }
}

/// Returns the longest known public suffix with a dot.
#[cfg(not(feature = "public-suffix"))]
fn suffix(name: &str) -> Option<&'static str> {
    let ends = |suffix: &&str| {
        name.strip_suffix(*suffix)
            .is_some_and(|labels| labels.is_empty() || labels.ends_with('.'))
    };
    HOSTING
        .into_iter()
        .filter(ends)
        .max_by_key(|suffix| suffix.len())
}

#[cfg(feature = "public-suffix")]
fn suffix(name: &str) -> Option<&str> {
    use psl::Psl;

    let found = psl::List.find(name.rsplit('.').map(str::as_bytes));
    name.get(name.len().checked_sub(found.len)?..)
}

#[cfg(feature = "public-suffix")]
fn listed(domain: &str) -> Relation {
    use std::cell::Cell;

    use psl::Psl;

    // The list is a tree of labels that `find` walks from the top. It requests a label after the domain's first only if
    // its tree goes on there. Then rules, and so public suffixes, lie below.
    let asked_for_more = Cell::new(false);
    let beyond = std::iter::from_fn(|| {
        asked_for_more.set(true);
        None
    });
    let labels = domain.rsplit('.').map(str::as_bytes);
    let found = psl::List.find(labels.chain(beyond));
    if found.typ.is_some() && found.len == domain.len() {
        Relation::Is
    } else if asked_for_more.get() {
        Relation::LiesBelow
    } else {
        Relation::None
    }
}

#[cfg(test)]
mod tests {
    use super::{HOSTING, Registrable, Relation, registrable, relation};

    #[test]
    fn a_hosting_service_is_known_with_and_without_the_list() {
        for domain in HOSTING {
            assert_eq!(relation(domain), Relation::Is, "{domain}");
            assert_eq!(
                relation(&format!("me.{domain}")),
                Relation::None,
                "me.{domain}"
            );
        }
        for domain in ["amazonaws.com", "run.app"] {
            assert_eq!(relation(domain), Relation::LiesBelow, "{domain}");
        }
    }

    #[cfg(feature = "public-suffix")]
    #[test]
    fn a_public_suffix_is_known_by_the_list() {
        for domain in [
            "github.io",
            "co.uk",
            "s3.amazonaws.com",
            "com",
            "unheard-of-top-level",
        ] {
            assert_eq!(relation(domain), Relation::Is, "{domain}");
        }
    }

    #[cfg(feature = "public-suffix")]
    #[test]
    fn a_public_suffix_below_a_domain_is_found_at_any_depth() {
        for domain in [
            "amazonaws.com",
            "run.app",
            "elb.amazonaws.com",
            "windows.net",
            "core.windows.net",
            "digitaloceanspaces.com",
        ] {
            assert_eq!(relation(domain), Relation::LiesBelow, "{domain}");
        }
    }

    #[test]
    fn the_registered_label_is_the_one_before_the_public_suffix() {
        for (host, parts) in [
            ("example.com", Some(["", "example", ".com"])),
            ("a.b.example.com.", Some(["a.b.", "example", ".com."])),
            ("me.vercel.app", Some(["", "me", ".vercel.app"])),
            (
                "a.me.s3.amazonaws.com",
                Some(["a.", "me", ".s3.amazonaws.com"]),
            ),
            ("notvercel.app", Some(["", "notvercel", ".app"])),
            ("wiki.intranet", Some(["", "wiki", ".intranet"])),
            ("vercel.app", None),
            ("com", None),
            ("localhost", None),
            ("app.localhost", None),
            ("10.0.0.1", None),
            ("[::1]", None),
            ("", None),
            (".", None),
        ] {
            let expected = parts.map(|[before, label, after]| Registrable {
                before,
                label,
                after,
            });
            assert_eq!(registrable(host), expected, "{host}");
        }
    }

    #[test]
    fn a_domain_of_one_owner_has_no_public_suffix_at_or_below_it() {
        for domain in [
            "example.com",
            "a.b.example.co.uk",
            "octocat.github.io",
            "localhost",
            "google.com",
        ] {
            assert_eq!(relation(domain), Relation::None, "{domain}");
        }
    }
}
