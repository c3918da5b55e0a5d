//! How a case can end before its last step, and the names of errors.

use std::{fmt, io};

/// Why a case went no further.
#[derive(Debug)]
pub(crate) enum End {
    /// The reactor refused or failed, by this name: it is the case's last item.
    Refused(String),
    /// The case could not be acted out, or the reactor broke a rule that holds in all of them.
    Broken(String),
}

impl From<fdreactor::Error> for End {
    fn from(error: fdreactor::Error) -> Self {
        Self::Refused(refusal(error))
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<rustix::io::Errno> for End {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

impl From<String> for End {
    fn from(reason: String) -> Self {
        Self::Broken(reason)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(name) => write!(f, "refused with {name}"),
            Self::Broken(reason) => f.write_str(reason),
        }
    }
}

const NAMES: [(i32, &str); 19] = [
    (libc::EAGAIN, "EAGAIN"),
    (libc::EBADF, "EBADF"),
    (libc::ECONNREFUSED, "ECONNREFUSED"),
    (libc::ECONNRESET, "ECONNRESET"),
    (libc::EEXIST, "EEXIST"),
    (libc::EFAULT, "EFAULT"),
    (libc::EINPROGRESS, "EINPROGRESS"),
    (libc::EINTR, "EINTR"),
    (libc::EINVAL, "EINVAL"),
    (libc::EIO, "EIO"),
    (libc::ELOOP, "ELOOP"),
    (libc::EMFILE, "EMFILE"),
    (libc::ENOENT, "ENOENT"),
    (libc::ENOSYS, "ENOSYS"),
    (libc::ENOTCONN, "ENOTCONN"),
    (libc::ENOTSUP, "ENOTSUP"),
    (libc::EPERM, "EPERM"),
    (libc::EPIPE, "EPIPE"),
    (libc::ERANGE, "ERANGE"),
];
/// What the table calls a descriptor beyond select's limit: JavaScript's name for it.
const BEYOND: &str = "RangeError";

/// The name of an `errno`.
pub(crate) fn errno(number: i32) -> String {
    let known = NAMES.iter().find(|&&(known, _)| known == number);
    known.map_or_else(|| format!("errno {number}"), |&(_, name)| name.to_owned())
}

/// The table's name for an error of the reactor's.
pub(crate) fn refusal(error: fdreactor::Error) -> String {
    if error == fdreactor::Error::FdLimit { BEYOND.to_owned() } else { errno(error.errno()) }
}

/// Whether an item of the table is an error's name and not a set of flags.
pub(crate) fn is_error(item: &str) -> bool {
    item == BEYOND || NAMES.iter().any(|&(_, name)| name == item)
}
