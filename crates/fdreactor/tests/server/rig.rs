//! A reactor with servers, memory to read into, and peers of the standard library.

use fdreactor::{
    Config, Event, Reactor, Result, Trigger,
    io::RawBuffer,
    server::{Endpoint, Limits, ListenOptions, Order, Record, Space, Terms, Told, Traffic},
};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    rc::Rc,
    time::Duration,
};

pub(super) struct Rig {
    pub(super) reactor: Reactor,
    pub(super) traffic: Traffic,
    pub(super) listener: u32,
    pub(super) address: SocketAddr,
    /// What is read lies here until the next turn.
    memory: Box<[u8]>,
    batch: Vec<Event>,
    records: Vec<Record>,
}

impl Rig {
    pub(super) fn new(trigger: Trigger, limits: Limits) -> Result<Self> {
        let mut reactor = Reactor::new(&Config::default())?;
        let mut traffic = Traffic::new(256);
        let terms = Rc::new(Terms::new(limits, trigger, true));
        let socket = Endpoint::tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).bind(16, false, None)?;
        let listener = traffic.listen(&mut reactor, socket, ListenOptions::default(), terms)?;
        let address = traffic.local(listener)?.as_socket().ok_or(fdreactor::Error::Closed)?;
        Ok(Self {
            reactor,
            traffic,
            listener,
            address,
            memory: vec![0; 64 << 10].into(),
            batch: Vec::with_capacity(64),
            records: Vec::with_capacity(512),
        })
    }

    pub(super) fn peer(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(self.address)
    }

    fn space(&mut self) -> RawBuffer {
        // SAFETY: the memory is a box of the rig's own, and nobody else touches it before the buffer is done with.
        unsafe { RawBuffer::new(self.memory.as_mut_ptr(), self.memory.len()) }
    }

    /// One turn: what it told.
    pub(super) fn turn(&mut self) -> Result<&[Record]> {
        self.turn_after(|| {})
    }

    /// The same, with something that happens when the wait has ended.
    pub(super) fn turn_after(&mut self, meanwhile: impl FnOnce()) -> Result<&[Record]> {
        self.records.clear();
        let space = Space::new(self.space(), 0);
        self.reactor.turn(Some(Duration::from_secs(60)), &mut self.batch)?;
        meanwhile();
        self.traffic.take(&mut self.reactor, &mut self.batch, Some(space));
        let Self { traffic, records, .. } = self;
        traffic.told(|record| records.push(record));
        traffic.kept(|_, _| {});
        Ok(records)
    }

    /// Carries out what was ordered.
    pub(super) fn flush(&mut self) {
        self.traffic.flush(&mut self.reactor);
        self.traffic.kept(|_, _| {});
        if self.traffic.has_news() {
            self.reactor.owe();
        }
    }

    /// Sends back what the last turn told.
    pub(super) fn echo(&mut self) {
        let space = self.space();
        for index in 0..self.records.len() {
            let Record { id, told } = self.records[index];
            match told {
                Told::Data { offset, length } => {
                    let bytes = space.part(offset as usize, length as usize);
                    if let Some(bytes) = bytes {
                        self.traffic.order(id, Order::Write(bytes));
                    }
                }
                Told::Ended => self.traffic.order(id, Order::End),
                _ => {}
            }
        }
        self.flush();
    }

    pub(super) fn bytes(&self, offset: u32, length: u32) -> &[u8] {
        &self.memory[offset as usize..(offset + length) as usize]
    }
}
