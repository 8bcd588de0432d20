//! The program, run as a user runs it, against real servers on the loopback.

mod advice;
mod audit;
mod certificates;
mod compare;
mod engines;
mod mistakes;
mod network;
mod output;
mod program;
mod servers;
