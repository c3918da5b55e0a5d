//! The work of the benches, for `benches/`, without any JavaScript. No part of the public API.

mod load;
mod set;
