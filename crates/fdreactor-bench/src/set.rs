//! Descriptors that can be made ready at will.

use rustix::io::{Errno, ioctl_fionbio, read, write};
use std::io::{Result, pipe};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// eventfd(2): one descriptor each. Linux and FreeBSD.
    Eventfd,
    /// pipe(2): two descriptors each, of which the reading one is watched.
    Pipe,
    /// A connected pair of Unix stream sockets: two descriptors each, of which one is watched.
    Socket,
}

impl Kind {
    /// How many descriptors one watched one takes.
    pub const fn descriptors(self) -> usize {
        match self {
            Self::Eventfd => 1,
            Self::Pipe | Self::Socket => 2,
        }
    }

    fn make(self) -> Result<Source> {
        let (watched, far): (OwnedFd, Option<OwnedFd>) = match self {
            Self::Eventfd => (eventfd()?, None),
            Self::Pipe => pipe().map(|(near, far)| (near.into(), Some(far.into())))?,
            Self::Socket => UnixStream::pair().map(|(near, far)| (near.into(), Some(far.into())))?,
        };
        ioctl_fionbio(&watched, true)?;
        Ok(Source { watched, far })
    }
}

#[cfg(any(target_os = "linux", target_os = "freebsd"))]
fn eventfd() -> Result<OwnedFd> {
    Ok(rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC)?)
}

#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
fn eventfd() -> Result<OwnedFd> {
    Err(Errno::NOSYS.into())
}

#[derive(Debug)]
struct Source {
    watched: OwnedFd,
    /// Where it is written to, unless that is the watched one.
    far: Option<OwnedFd>,
}

impl Source {
    /// Takes what made it ready the last time, and makes it ready again: a change, whether anybody has heard of the last
    /// one or not.
    fn stimulate(&self) -> Result<()> {
        let mut taken = [0; 8];
        match read(&self.watched, &mut taken) {
            Ok(_) | Err(Errno::AGAIN) => {}
            Err(errno) => return Err(errno.into()),
        }
        write(self.far.as_ref().unwrap_or(&self.watched), &1_u64.to_ne_bytes())?;
        Ok(())
    }

    fn calm(&self) {
        let mut taken = [0; 8];
        let _ = read(&self.watched, &mut taken);
    }
}

/// Descriptors of one kind. They are closed with the set.
#[derive(Debug)]
pub struct DescriptorSet(Vec<Source>);

impl DescriptorSet {
    /// Makes `count` of them, none ready.
    ///
    /// # Errors
    /// `EMFILE` and its like.
    pub fn new(kind: Kind, count: usize) -> Result<Self> {
        let sources = (0..count).map(|_| kind.make()).collect::<Result<_>>()?;
        Ok(Self(sources))
    }

    /// The numbers to watch.
    pub fn watched(&self) -> impl ExactSizeIterator<Item = RawFd> {
        self.0.iter().map(|source| source.watched.as_raw_fd())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The `active` ones that [`stimulate`](Self::stimulate) means, evenly spread.
    fn spread(&self, active: usize) -> impl Iterator<Item = &Source> {
        let active = active.min(self.0.len());
        (0..active).map(move |index| &self.0[index * self.0.len() / active])
    }

    /// Makes `active` of them ready anew, one read and one write each, and returns how many that were.
    ///
    /// # Errors
    /// What reading or writing says.
    pub fn stimulate(&self, active: usize) -> Result<usize> {
        let mut done = 0;
        for source in self.spread(active) {
            source.stimulate()?;
            done += 1;
        }
        Ok(done)
    }

    /// Makes all of them unready.
    pub fn calm(&self) {
        for source in &self.0 {
            source.calm();
        }
    }
}
