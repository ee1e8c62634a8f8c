// The inverse Fourier transform of a wave of period 8/3: without errors it ends in 3 = 011.
// Its phases fold coherent errors of every gate into the outcome.
OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
bit[3] c;
// The wave: qubit k has the phase 2 pi 3 2^k / 8.
h q;
p(3 * pi / 4) q[0];
p(3 * pi / 2) q[1];
p(3 * pi) q[2];
barrier q;
// Qubit 2 knows the lowest bit, qubit 1 the next, qubit 0 the highest.
h q[2];
cp(-pi / 2) q[1], q[2];
h q[1];
cp(-pi / 4) q[0], q[2];
cp(-pi / 2) q[0], q[1];
h q[0];
barrier q;
c[2] = measure q[0];
c[1] = measure q[1];
c[0] = measure q[2];
