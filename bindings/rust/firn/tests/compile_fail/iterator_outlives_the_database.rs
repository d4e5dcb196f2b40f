fn main() {
    let mut iter = {
        let db = firn::Db::in_memory().unwrap();
        db.range("a".."b")
    };
    iter.next();
}
