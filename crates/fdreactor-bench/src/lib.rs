//! The work that the comparison times: many descriptors of which a few become ready, watched by a reactor without any
//! JavaScript. The addon and the benches under `benches/rust` do the same work through this crate.

mod set;
mod watch;

pub use set::{DescriptorSet, Kind};
pub use watch::Watch;
