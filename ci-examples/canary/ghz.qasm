// A GHZ state of three qubits in a row: success is the weight of 000 and 111.
OPENQASM 3.0;
include "stdgates.inc";
qubit[3] q;
bit[3] c;
h q[0];
cx q[0], q[1];
cx q[1], q[2];
barrier q;
c = measure q;
