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
    use super::{HOSTING, Relation, relation};

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
