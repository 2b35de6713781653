fn main() { println!("{{}}"); }
