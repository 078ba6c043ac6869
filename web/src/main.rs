//! Starts the playground.

fn main() {
    lockstep_web::start();
}
