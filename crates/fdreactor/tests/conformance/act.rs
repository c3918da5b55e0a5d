//! The operations, acted out. What comes back is what the system said: a step may demand a failure.

use crate::conformance::{
    fixture::{loopback, tcp_socket},
    operation::{Operation, Side},
    world::World,
};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::readlink,
    io::{DupFlags, Errno, dup, dup3, fcntl_dupfd_cloexec, read, write},
    net::{
        AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, accept_with, bind, connect,
        getsockname, recv, send, shutdown, sockopt,
    },
    process::{Pid, Resource, Rlimit, WaitId, WaitIdOptions, getrlimit, setrlimit, waitid},
};
use std::{
    collections::BTreeSet,
    fs, io,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    path::PathBuf,
    thread,
    time::Duration,
};

/// Between two attempts to write to a TCP socket that is full: what was taken is still on its way.
const REFILL: Duration = Duration::from_millis(30);
/// How long the second half of what was filled may take to come through.
const TRICKLE: Timespec = Timespec { tv_sec: 2, tv_nsec: 0 };

pub(crate) fn perform(world: &mut World, operation: &Operation) -> io::Result<usize> {
    use Operation as O;
    match operation {
        O::Write(name, content) => exactly(write(world.fd(name)?, content)?, content.len()),
        O::WriteUrgent(name, content) => {
            exactly(send(world.fd(name)?, content, SendFlags::OOB)?, content.len())
        }
        O::Read(name, count) => Ok(read(world.fd(name)?, &mut vec![0; *count][..])?),
        O::ReadUrgent(name, count) => receive(world.fd(name)?, *count, RecvFlags::OOB),
        O::Peek(name, count) => receive(world.fd(name)?, *count, RecvFlags::PEEK),
        O::Drain(name) => drain(world.fd(name)?),
        O::Fill(name) => {
            world.filled = fill(world.fd(name)?)?;
            Ok(world.filled)
        }
        O::Half(name) => half(world.fd(name)?, world.filled / 2),
        O::Count(name, count) => exactly(write(world.fd(name)?, &count.to_ne_bytes())?, 8),
        O::TakeCount(name) => exactly(read(world.fd(name)?, &mut [0; 8])?, 8),
        O::Shut(name, side) => {
            let how = match side {
                Side::Read => Shutdown::Read,
                Side::Write => Shutdown::Write,
                Side::Both => Shutdown::Both,
            };
            done(shutdown(world.fd(name)?, how))
        }
        O::Close(name) => world.take(name).map(|_| 0),
        O::Reset(name) => {
            let socket = world.take(name)?;
            done(sockopt::set_socket_linger(&socket, Some(Duration::ZERO)))
        }
        O::SocketError(name) => done(sockopt::socket_error(world.fd(name)?)?),
        O::UrgentInline(name) => done(sockopt::set_socket_oobinline(world.fd(name)?, true)),
        O::Connect(name, listener) => {
            if !world.is_open(name) {
                world.hold(name, tcp_socket()?);
            }
            start(connect(world.fd(name)?, &getsockname(world.fd(listener)?)?))
        }
        O::ConnectRefused(name) => {
            // Bound and never listening: nobody else gets this port meanwhile.
            let refusing = tcp_socket()?;
            bind(&refusing, &loopback())?;
            let outcome = start(connect(world.fd(name)?, &getsockname(&refusing)?));
            world.hold("refusing", refusing);
            outcome
        }
        O::Accept(listener, name) => {
            let accepted = accept_with(world.fd(listener)?, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
            world.hold(name, accepted);
            Ok(0)
        }
        O::AcceptAll(listener) => accept_all(world, listener),
        O::Duplicate(name, copy) => {
            let duplicate = fcntl_dupfd_cloexec(world.fd(name)?, 0)?;
            world.hold(copy, duplicate);
            Ok(0)
        }
        O::DuplicateOnto(name, place) => {
            let mut replaced = world.take(place)?;
            let outcome =
                world.fd(name).and_then(|source| done(dup3(source, &mut replaced, DupFlags::CLOEXEC)));
            world.hold(place, replaced);
            outcome
        }
        O::Take(name, place) => take(world, name, place),
        O::Free(count) => leave_free(*count),
        O::Touch => world.touch().map(|()| 0),
        O::ChildExits => {
            let child = world.child()?;
            drop(child.stdin.take());
            // Until it is really over; it stays to be reaped.
            waitid(WaitId::Pid(Pid::from_child(child)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)?;
            Ok(0)
        }
        O::Reap => world.child()?.wait().map(|_| 0),
        O::Pause(time) => {
            thread::sleep(*time);
            Ok(0)
        }
    }
}

fn done(outcome: rustix::io::Result<()>) -> io::Result<usize> {
    outcome?;
    Ok(0)
}

fn exactly(count: usize, wanted: usize) -> io::Result<usize> {
    if count == wanted { Ok(count) } else { Err(io::Error::other(format!("{count} of {wanted} bytes"))) }
}

/// A connection that is under way is what was asked.
fn start(outcome: rustix::io::Result<()>) -> io::Result<usize> {
    done(if outcome == Err(Errno::INPROGRESS) { Ok(()) } else { outcome })
}

fn receive(fd: BorrowedFd<'_>, count: usize, flags: RecvFlags) -> io::Result<usize> {
    let (_, count) = recv(fd, &mut vec![0; count][..], flags)?;
    Ok(count)
}

fn drain(fd: BorrowedFd<'_>) -> io::Result<usize> {
    let mut buffer = vec![0; 65_536];
    let mut total = 0;
    loop {
        match read(fd, &mut buffer[..]) {
            Ok(0) | Err(Errno::AGAIN) => return Ok(total),
            Ok(count) => total += count,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes until it would block; on TCP until it still does after a pause.
pub(crate) fn fill(fd: BorrowedFd<'_>) -> io::Result<usize> {
    let chunk = vec![b'.'; 65_536];
    let tcp = sockopt::socket_domain(fd) == Ok(AddressFamily::INET)
        && sockopt::socket_type(fd) == Ok(SocketType::STREAM);
    let mut total = 0;
    let mut taken = 0;
    loop {
        match write(fd, &chunk) {
            Ok(count) => taken += count,
            Err(Errno::AGAIN) if tcp && taken > 0 => {
                total += taken;
                taken = 0;
                thread::sleep(REFILL);
            }
            Err(Errno::AGAIN) => return Ok(total + taken),
            Err(error) => return Err(error.into()),
        }
    }
}

/// Reads so many bytes, and waits for them as they come.
fn half(fd: BorrowedFd<'_>, count: usize) -> io::Result<usize> {
    let mut buffer = vec![0; 65_536];
    let mut left = count;
    while left > 0 {
        let most = left.min(buffer.len());
        match read(fd, &mut buffer[..most]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => left -= count,
            Err(Errno::AGAIN) => {
                if poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&TRICKLE))? == 0 {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(count)
}

fn accept_all(world: &mut World, listener: &str) -> io::Result<usize> {
    let mut count = 0;
    loop {
        match accept_with(world.fd(listener)?, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
            Ok(accepted) => world.hold(&format!("accepted {count}"), accepted),
            Err(Errno::AGAIN) => return Ok(count),
            Err(error) => return Err(error.into()),
        }
        count += 1;
    }
}

fn take(world: &mut World, name: &str, place: &str) -> io::Result<usize> {
    let number = world.number(place)?;
    if world.number(name)? != number {
        let moved = fcntl_dupfd_cloexec(world.fd(name)?, number)?;
        if moved.as_raw_fd() != number {
            return Err(io::Error::other(format!("{number} is not free")));
        }
        world.hold(name, moved);
    }
    Ok(0)
}

/// Lowers the limit of open files until just `count` numbers below it are free.
fn leave_free(count: usize) -> io::Result<usize> {
    // Looking needs a descriptor itself.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    let open = open_numbers()?;
    let limit = (0..).filter(|number| !open.contains(number)).nth(count);
    let limit = limit.and_then(|limit| u64::try_from(limit).ok());
    done(setrlimit(Resource::Nofile, Rlimit { current: limit, maximum }))
}

/// The numbers that are open in this process.
pub(crate) fn open_numbers() -> io::Result<BTreeSet<RawFd>> {
    let listed: Vec<PathBuf> =
        fs::read_dir("/proc/self/fd")?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    // The listing's own descriptor was listed, and is closed by now.
    let open = listed.iter().filter(|path| readlink(path.as_path(), Vec::new()).is_ok());
    Ok(open.filter_map(|path| path.file_name()?.to_str()?.parse().ok()).collect())
}

/// A duplicate that a child program inherits.
pub(crate) fn inheritable(fd: impl AsFd) -> io::Result<OwnedFd> {
    Ok(dup(fd)?)
}
