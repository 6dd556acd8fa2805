program a
print *, sum([(i,i=1,100)])
end
