//! The work that the benches do in Rust, without any JavaScript: many descriptors of which a few become ready, watched by a
//! reactor; a load on an echo server; and an echo server on mio alone, which is the limit for any other. The addon, the
//! benches under `benches/rust` and the program `fdreactor-load` do the same work through this crate.

mod echo;
mod load;
mod set;
mod watch;

pub use echo::{EchoServer, Manner, serve};
pub use load::{Churn, Fault, Load, Outcome, Stream, Until, churn};
pub use set::{DescriptorSet, Kind};
pub use watch::Watch;
