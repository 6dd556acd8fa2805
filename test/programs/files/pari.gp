print(primepi(100000), " ", factor(2^101-1));
print(polroots(x^3-2));
M = matrix(30,30,i,j,1/(i+j-1)); print(denominator(matdet(M)));
print(quadclassunit(-1000003).no);
write("made", bestappr(Pi,10^6));
print(zeta(3));
iferr(1/0, e, print(e));
quit
