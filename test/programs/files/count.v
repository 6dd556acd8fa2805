`define LAST 5
module counter(input clk, output reg [7:0] n);
  initial n = 0;
  always @(posedge clk) n <= n + `LAST;
endmodule
module test;
  reg clk = 0;
  wire [7:0] n;
  counter c(clk, n);
  always #5 clk = ~clk;
  initial begin
    $monitor("%0d %b", $time, n);
    #100 $display("%h", n * 3);
    $finish;
  end
endmodule
