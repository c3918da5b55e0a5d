//! What a case works on: descriptors of every kind, all of them non-blocking and close-on-exec.

use crate::conformance::{
    step::{milliseconds, number},
    world::World,
};
use rustix::{
    event::{EventfdFlags, PollFd, PollFlags, eventfd, poll},
    fs::{Mode as Permissions, OFlags, open},
    io::ioctl_fionbio,
    pipe::{PipeFlags, fcntl_setpipe_size, pipe_with},
    process::{Pid, PidfdFlags, pidfd_open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime},
};
use socket2::{Domain, SockAddr, Socket, Type};
use std::{
    env, io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    os::fd::{AsFd, OwnedFd},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// A number that is not open, below select's limit and far above what a case opens.
const CLOSED: i32 = 1000;

/// A step that makes descriptors, with the names that they get.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fixture {
    UnixPair(String, String),
    TcpPair(String, String),
    Pipe,
    PagePipe,
    Eventfd(String, u32),
    Timer(Duration, Duration),
    TcpListener,
    TcpSocket(String),
    UdpPair,
    UnixDatagrams,
    UnixListener,
    File(String),
    Directory(String),
    Device(String, String),
    PathOnly(String),
    Closed(String),
    Inotify(String),
    Terminal,
    Child(String),
    Pidfd(String),
    /// An epoll reactor whose own descriptor another one watches.
    Inner,
    /// The default reactor's own descriptor.
    Itself,
}

impl Fixture {
    pub(crate) fn parse(verb: &str, arguments: &[&str]) -> Result<Option<Self>, String> {
        let own = |name: &str| name.to_owned();
        Ok(Some(match (verb, arguments) {
            ("up", []) => Self::UnixPair(own("a"), own("b")),
            ("up", [one, other]) => Self::UnixPair(own(one), own(other)),
            ("tp", []) => Self::TcpPair(own("a"), own("b")),
            ("tp", [one, other]) => Self::TcpPair(own(one), own(other)),
            ("pipe", []) => Self::Pipe,
            ("page_pipe", []) => Self::PagePipe,
            ("ef", []) => Self::Eventfd(own("e"), 0),
            ("ef", [name]) => Self::Eventfd(own(name), 0),
            ("ef", [name, count]) => Self::Eventfd(own(name), number(count)?),
            ("tf", [first, every]) => Self::Timer(milliseconds(first)?, milliseconds(every)?),
            ("ls", []) => Self::TcpListener,
            ("s", []) => Self::TcpSocket(own("s")),
            ("s", [name]) => Self::TcpSocket(own(name)),
            ("us", []) => Self::UdpPair,
            ("udg", []) => Self::UnixDatagrams,
            ("uls", []) => Self::UnixListener,
            ("file", [name]) => Self::File(own(name)),
            ("dir", [name]) => Self::Directory(own(name)),
            ("dev", [device, name]) => Self::Device(own(device), own(name)),
            ("opath", [name]) => Self::PathOnly(own(name)),
            ("closed", [name]) => Self::Closed(own(name)),
            ("inotify", [name]) => Self::Inotify(own(name)),
            ("pty", []) => Self::Terminal,
            ("child", [name]) => Self::Child(own(name)),
            ("pidfd", [name]) => Self::Pidfd(own(name)),
            ("inner", ["LT"]) => Self::Inner,
            ("self", []) => Self::Itself,
            _ => return Ok(None),
        }))
    }

    /// Whether what happens to it takes effect a moment later, on another stack or in another process.
    pub(crate) fn needs_settling(&self) -> bool {
        use Fixture as F;
        matches!(
            self,
            F::TcpPair(..)
                | F::TcpListener
                | F::TcpSocket(_)
                | F::UdpPair
                | F::UnixListener
                | F::Child(_)
                | F::Pidfd(_)
                | F::Inotify(_)
                | F::Terminal
        )
    }

    pub(crate) fn make(&self, world: &mut World) -> io::Result<()> {
        match self {
            Self::UnixPair(one, other) => {
                let (first, second) = unix_pair()?;
                world.hold(one, first);
                world.hold(other, second);
            }
            Self::TcpPair(one, other) => {
                let (first, second) = tcp_pair()?;
                world.hold(one, first);
                world.hold(other, second);
            }
            Self::Pipe => pipe(world, None)?,
            Self::PagePipe => pipe(world, Some(4096))?,
            Self::Eventfd(name, count) => {
                world.hold(name, eventfd(*count, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
            }
            Self::Timer(first, every) => world.hold("t", timer(*first, *every)?),
            Self::TcpListener => world.hold("l", listener()?),
            Self::TcpSocket(name) => world.hold(name, tcp_socket()?),
            Self::UdpPair => {
                let bound = socket(Domain::IPV4, Type::DGRAM)?;
                bound.bind(&loopback().into())?;
                let connected = socket(Domain::IPV4, Type::DGRAM)?;
                connected.connect(&bound.local_addr()?)?;
                world.hold("u", bound.into());
                world.hold("v", connected.into());
            }
            Self::UnixDatagrams => {
                let bound = socket(Domain::UNIX, Type::DGRAM)?;
                bound.bind(&abstract_address("datagram")?)?;
                let connected = socket(Domain::UNIX, Type::DGRAM)?;
                connected.connect(&bound.local_addr()?)?;
                world.hold("a", bound.into());
                world.hold("b", connected.into());
            }
            Self::UnixListener => {
                let listener = socket(Domain::UNIX, Type::STREAM)?;
                listener.bind(&abstract_address("stream")?)?;
                listener.listen(8)?;
                let client = socket(Domain::UNIX, Type::STREAM)?;
                client.connect(&listener.local_addr()?)?;
                world.hold("l", listener.into());
                world.hold("c", client.into());
            }
            Self::File(name) => {
                let file = env::current_exe()?;
                world.hold(name, open(file, OFlags::RDONLY | OFlags::CLOEXEC, Permissions::empty())?);
            }
            Self::Directory(name) => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
                world.hold(name, open(env::temp_dir(), flags, Permissions::empty())?);
            }
            Self::Device(device, name) => {
                let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
                world.hold(name, open(format!("/dev/{device}"), flags, Permissions::empty())?);
            }
            Self::PathOnly(name) => {
                let flags = OFlags::PATH | OFlags::CLOEXEC;
                world.hold(name, open(env::temp_dir(), flags, Permissions::empty())?);
            }
            Self::Closed(name) => world.note(name, CLOSED),
            Self::Inotify(name) => {
                let watch = world.watch_directory()?;
                world.hold(name, watch);
            }
            Self::Terminal => terminal(world)?,
            Self::Child(name) => child(world, name)?,
            Self::Pidfd(name) => {
                let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
                let pid = Pid::from_child(&child);
                world.raise(child);
                world.hold(name, pidfd_open(pid, PidfdFlags::NONBLOCK)?);
            }
            Self::Inner => world.make_inner()?,
            Self::Itself => world.note_itself()?,
        }
        Ok(())
    }
}

/// A connected pair of UNIX stream sockets.
pub(crate) fn unix_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let (one, other) = Socket::pair(Domain::UNIX, Type::STREAM.nonblocking(), None)?;
    Ok((one.into(), other.into()))
}

/// A connected pair of TCP sockets that send without delay.
pub(crate) fn tcp_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    listener.bind(&loopback().into())?;
    listener.listen(1)?;
    let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    client.connect(&listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    for socket in [&client, &server] {
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
    }
    Ok((client.into(), server.into()))
}

/// A pipe: its reading end, then its writing end.
pub(crate) fn pipe_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?)
}

/// A fresh TCP socket.
pub(crate) fn tcp_socket() -> io::Result<OwnedFd> {
    socket(Domain::IPV4, Type::STREAM).map(OwnedFd::from)
}

/// The loopback address, with a port that nobody uses.
pub(crate) fn loopback() -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0))
}

fn socket(domain: Domain, kind: Type) -> io::Result<Socket> {
    Socket::new(domain, kind.nonblocking(), None)
}

fn listener() -> io::Result<OwnedFd> {
    let listener = socket(Domain::IPV4, Type::STREAM)?;
    listener.bind(&loopback().into())?;
    listener.listen(16)?;
    Ok(listener.into())
}

/// An address outside the file system; each case has a process, and so a number, of its own.
fn abstract_address(kind: &str) -> io::Result<SockAddr> {
    SockAddr::unix(format!("\0fdreactor-conformance-{}-{kind}", std::process::id()))
}

fn pipe(world: &mut World, size: Option<usize>) -> io::Result<()> {
    let (reader, writer) = pipe_pair()?;
    if let Some(size) = size {
        fcntl_setpipe_size(&writer, size)?;
    }
    world.hold("r", reader);
    world.hold("w", writer);
    Ok(())
}

fn timer(first: Duration, every: Duration) -> io::Result<OwnedFd> {
    let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let span = |time: Duration| time.try_into().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
    let schedule = Itimerspec { it_interval: span(every)?, it_value: span(first)? };
    timerfd_settime(&timer, TimerfdTimerFlags::empty(), &schedule)?;
    Ok(timer)
}

fn terminal(world: &mut World) -> io::Result<()> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    ioctl_fionbio(&master, true)?;
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let other = open(ptsname(&master, Vec::new())?, flags, Permissions::empty())?;
    world.hold("m", master);
    world.hold("y", other);
    Ok(())
}

/// A child that prints five bytes and then lives until its standard input ends.
fn child(world: &mut World, name: &str) -> io::Result<()> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "printf hello; read end"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child: Child = shell.spawn()?;
    let output = OwnedFd::from(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?);
    world.raise(child);
    ioctl_fionbio(&output, true)?;
    // However slowly a process starts here, the case begins when it has printed.
    let mut printed = [PollFd::from_borrowed_fd(output.as_fd(), PollFlags::IN)];
    poll(&mut printed, None)?;
    world.hold(name, output);
    Ok(())
}
