//! The presets of the builder by their names in a configuration file.

use crate::policy::PolicyBuilder;
use crate::policy::keys;

/// A preset. The other keys add to it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Preset {
    Public,
    Localhost,
    GrpcWeb,
    Connect,
    Mcp,
}

impl Preset {
    const ALL: [Self; 5] = [
        Self::Public,
        Self::Localhost,
        Self::GrpcWeb,
        Self::Connect,
        Self::Mcp,
    ];

    /// The names, in the order of `ALL`.
    pub(super) const NAMES: [&str; 5] = ["public", "localhost", "grpc-web", "connect", "mcp"];

    pub(super) fn of(name: &str) -> Option<Self> {
        let mut presets = Self::NAMES.into_iter().zip(Self::ALL);
        presets
            .find(|(known, _)| *known == name)
            .map(|(_, preset)| preset)
    }

    /// Returns the preset that was probably meant.
    pub(super) fn nearest(name: &str) -> Option<Self> {
        let names = Self::NAMES.into_iter().map(|name| (name, name));
        keys::closest(name, names).and_then(Self::of)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Localhost => "localhost",
            Self::GrpcWeb => "grpc-web",
            Self::Connect => "connect",
            Self::Mcp => "mcp",
        }
    }

    pub(super) fn builder(self) -> PolicyBuilder {
        match self {
            Self::Public => PolicyBuilder::public(),
            Self::Localhost => PolicyBuilder::localhost(),
            Self::GrpcWeb => PolicyBuilder::grpc_web(),
            Self::Connect => PolicyBuilder::connect(),
            Self::Mcp => PolicyBuilder::mcp(),
        }
    }
}
