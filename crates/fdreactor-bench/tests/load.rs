//! The load notices whatever is not an echo, and counts exactly.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use fdreactor_bench::{Churn, EchoServer, Fault, Load, Manner, Outcome, Stream, Until, churn};
use std::io::{Read, Write, pipe};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::thread;
use std::time::Duration;

/// A server that does this with each of its connections, in a thread of its own each. It ends with the test.
fn serve(each: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let each = each.clone();
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || each(stream));
        }
    });
    port
}

/// Echoes at most `most` bytes a write, what `change` makes of them: it gets the position of the first.
fn echo(most: usize, change: impl Fn(usize, &mut Vec<u8>) + Clone + Send + 'static) -> u16 {
    serve(move |mut stream| {
        let mut position = 0;
        let mut buffer = vec![0; 100_000];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            let mut came = buffer[..count].to_vec();
            change(position, &mut came);
            position += count;
            for part in came.chunks(most) {
                if stream.write_all(part).is_err() {
                    return;
                }
            }
        }
    })
}

fn offer(port: u16, connections: usize, stream: Stream) -> Result<Outcome, Fault> {
    let mut load = Load::new(port, 0)?;
    load.connect(connections)?;
    assert_eq!(load.len(), connections);
    load.run(stream)
}

const fn closed(bytes: usize, messages: u64) -> Stream {
    Stream { bytes, rate: None, until: Until::Messages(messages) }
}

#[test]
fn counts_exactly_whatever_the_size_and_the_number_of_connections() {
    // The last is more than a socket takes at once, and comes back in small pieces.
    for (bytes, most, messages) in [(1, 9, 1000), (64, 7, 1000), (3_000_000, 4096, 20)] {
        let port = echo(most, |_, _| {});
        for connections in [1, 3, 70] {
            let outcome = offer(port, connections, closed(bytes, messages)).unwrap();
            assert_eq!((outcome.messages, outcome.late, outcome.unsent), (messages, 0, 0));
            assert!(outcome.p50 <= outcome.p99 && outcome.p99 <= outcome.p999 && outcome.p999 <= outcome.max);
            assert!(outcome.p50 > 0 && outcome.elapsed > Duration::ZERO);
            let rate = Some(1e9);
            let open = offer(port, connections, Stream { rate, ..closed(bytes, messages) }).unwrap();
            assert_eq!(open.messages + open.unsent, messages);
        }
    }
}

#[test]
fn runs_of_the_same_connections_follow_each_other() {
    let mut load = Load::new(echo(1000, |_, _| {}), 0).unwrap();
    load.connect(2).unwrap();
    load.connect(3).unwrap();
    for (bytes, messages) in [(64, 50), (10, 7), (200_000, 11), (64, 1)] {
        assert_eq!(load.run(closed(bytes, messages)).unwrap().messages, messages);
    }
}

#[test]
fn a_run_of_a_time_waits_for_what_is_on_its_way() {
    let port = echo(1000, |_, _| {});
    let until = Until::Elapsed(Duration::from_millis(50));
    let outcome = offer(port, 20, Stream { bytes: 64, rate: None, until }).unwrap();
    assert!(outcome.messages >= 20, "{outcome:?}");
    assert!(outcome.elapsed >= Duration::from_millis(50));
}

#[test]
fn sends_at_a_rate_and_counts_the_whole_waiting() {
    const STALL: Duration = Duration::from_millis(300);
    let port = serve(|mut stream| {
        let mut buffer = [0; 64];
        for number in 0.. {
            if stream.read_exact(&mut buffer).is_err() {
                return;
            }
            if number == 100 {
                thread::sleep(STALL);
            }
            stream.write_all(&buffer).unwrap();
        }
    });
    let stream = Stream { bytes: 64, rate: Some(1000.0), until: Until::Elapsed(Duration::from_millis(500)) };
    let outcome = offer(port, 1, stream).unwrap();
    assert_eq!((outcome.messages, outcome.unsent), (500, 0));
    // 300 of 500 were due during the stall. One that waited for an echo before it sent would know of one.
    assert!(outcome.p50 > 10_000_000, "{outcome:?}");
    assert!(outcome.max >= 299_000_000, "{outcome:?}");
}

#[test]
fn notices_a_changed_byte_and_says_where() {
    let port = echo(1000, |position, came| {
        if let Some(byte) = (10 * 64 + 40_usize).checked_sub(position).and_then(|at| came.get_mut(at)) {
            *byte ^= 1;
        }
    });
    let fault = offer(port, 1, closed(64, 100)).unwrap_err();
    assert_eq!(fault.to_string(), "connection 0: message 10 came back changed at byte 40");
}

#[test]
fn notices_messages_in_the_wrong_order() {
    let port = serve(|mut stream| {
        let mut buffer = [0; 128];
        stream.read_exact(&mut buffer).unwrap();
        buffer.rotate_left(64);
        stream.write_all(&buffer).unwrap();
        let _ = stream.read(&mut buffer);
    });
    let fault = offer(port, 1, Stream { rate: Some(1e6), ..closed(64, 2) }).unwrap_err();
    assert!(matches!(fault, Fault::Changed(0, 0, _)), "{fault}");
}

#[test]
fn notices_more_than_was_sent() {
    let port = echo(1000, |_, came| came.push(0));
    let fault = offer(port, 1, closed(64, 100)).unwrap_err();
    assert!(matches!(fault, Fault::Excess(0) | Fault::Changed(0, 1, 0)), "{fault}");
    // Of the last message too.
    assert!(matches!(offer(port, 1, closed(64, 1)), Err(Fault::Excess(0))));
}

#[test]
fn notices_a_connection_that_the_server_ends_or_resets() {
    let port = serve(|mut stream| {
        let _ = stream.read_exact(&mut [0; 64]);
        stream.shutdown(Shutdown::Both).unwrap();
    });
    assert!(matches!(offer(port, 1, closed(64, 100)), Err(Fault::Ended(0))));
    let port = serve(|mut stream| {
        let _ = stream.read(&mut [0; 32]);
        // What is unread makes the end a reset.
        drop(stream);
    });
    let fault = offer(port, 1, closed(1_000_000, 100)).unwrap_err();
    assert!(matches!(fault, Fault::System("read" | "write", _)), "{fault}");
}

#[test]
fn notices_that_nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert!(matches!(offer(port, 1, closed(64, 1)), Err(Fault::System("connect", _))));
    let work = Churn { in_flight: 2, bytes: 1, until: Until::Messages(3) };
    assert!(matches!(churn(port, work), Err(Fault::System("connect", _))));
}

#[test]
fn connections_come_and_go_and_are_counted_exactly() {
    let port = echo(3, |_, _| {});
    for (in_flight, bytes, messages) in [(1, 64, 100), (20, 1, 500), (20, 10_000, 100), (50, 64, 7)] {
        let outcome = churn(port, Churn { in_flight, bytes, until: Until::Messages(messages) }).unwrap();
        assert_eq!(outcome.messages, messages);
    }
    let closing = serve(drop);
    let outcome = churn(closing, Churn { in_flight: 20, bytes: 0, until: Until::Messages(500) }).unwrap();
    assert_eq!(outcome.messages, 500);
}

#[test]
fn connections_that_come_and_go_are_looked_at_too() {
    let work = Churn { in_flight: 1, bytes: 64, until: Until::Messages(3) };
    let changing = echo(1000, |_, came| came[5] ^= 1);
    assert!(matches!(churn(changing, work), Err(Fault::Changed(0, 0, 5))));
    let adding = echo(1000, |_, came| came.insert(0, came[0]));
    assert!(churn(adding, work).is_err());
    assert!(matches!(churn(serve(drop), work), Err(Fault::Ended(0) | Fault::System(..))));
    // One that should end it, and speaks instead.
    let speaking = serve(|mut stream| stream.write_all(&[0; 10]).unwrap());
    assert!(matches!(churn(speaking, Churn { bytes: 0, ..work }), Err(Fault::Excess(0))));
}

#[test]
fn the_echo_server_on_mio_echoes_closes_and_ends_when_it_is_told() {
    for manner in [Manner::Echo, Manner::Close] {
        let mut server = EchoServer::bind(0, manner).unwrap();
        let port = server.port().unwrap();
        let (mut told, tell) = pipe().unwrap();
        let thread = thread::spawn(move || {
            server.serve(told.as_raw_fd(), || !matches!(told.read(&mut [0; 8]), Ok(1..))).unwrap();
        });
        if manner == Manner::Close {
            let work = Churn { in_flight: 10, bytes: 0, until: Until::Messages(200) };
            assert_eq!(churn(port, work).unwrap().messages, 200);
        } else {
            assert_eq!(offer(port, 100, closed(64, 5000)).unwrap().messages, 5000);
            // Pipelined, and more than the sockets hold: it keeps what is not taken.
            let stream = Stream { rate: Some(1e9), ..closed(1_000_000, 64) };
            let outcome = offer(port, 2, stream).unwrap();
            assert_eq!(outcome.messages + outcome.unsent, 64);
            let work = Churn { in_flight: 10, bytes: 64, until: Until::Messages(200) };
            assert_eq!(churn(port, work).unwrap().messages, 200);
        }
        drop(tell);
        thread.join().unwrap();
    }
}
