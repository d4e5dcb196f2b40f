fn main() {
    let log = firn::Log::open("log").unwrap();
    let mut records = log.records(0);
    drop(log);
    records.next();
}
