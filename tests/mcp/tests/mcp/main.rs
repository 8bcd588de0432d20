//! A server of the Model Context Protocol behind the layer, used by its official clients.

mod native;
mod npm;
mod page;
