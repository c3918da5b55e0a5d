//! Servers: connections that the reactor itself reads and writes.
//!
//! [`Traffic`] holds the listeners and connections of one reactor. After each turn it takes the events of its own
//! registrations out of the batch, accepts, reads into a [`Space`] that the caller provides, and leaves [`Record`]s of what
//! came. What is to be written is gathered by [`Traffic::order`] and sent by [`Traffic::flush`], once for a whole batch.
//!
//! Nothing is allocated per event, and nothing here calls back: whoever reads the records may ask for anything.

mod accept;
mod ask;
mod connection;
mod endpoint;
mod orders;
mod output;
mod read;
mod record;
mod space;
mod table;
mod terms;
mod timeouts;
mod traffic;
mod wheel;
mod write;

pub use accept::ListenOptions;
pub use endpoint::Endpoint;
pub use orders::Order;
pub use record::{Record, Told};
pub use socket2::SockAddr;
pub use space::Space;
pub use terms::{Limits, Terms};
pub use traffic::{Counts, Traffic};
