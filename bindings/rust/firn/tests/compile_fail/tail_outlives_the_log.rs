fn main() {
    let log = firn::Log::open("log").unwrap();
    let mut tail = log.tail(0);
    drop(log);
    tail.next();
}
