program matrix
  implicit none
  real(8) :: a(60,60), b(60,60)
  integer :: i, j, line
  character(20) :: word
  do i = 1, 60
    do j = 1, 60
      a(i,j) = sin(real(i*j,8))
    end do
  end do
  b = matmul(a, transpose(a))
  print '(a,f12.5,e15.6)', 'trace ', sum([(b(i,i), i=1,60)]), maxval(b)
  open(10, file='records', access='direct', recl=16, form='unformatted')
  do i = 1, 10
    write(10, rec=i) real(i,8), b(i,i)
  end do
  read(10, rec=7) a(1,1), a(1,2)
  close(10)
  print *, int(a(1,1))
  open(11, file='words', status='old')
  line = 0
  do
    read(11, *, end=9) word
    line = line + len_trim(word)
  end do
9 print *, line
  close(11, status='delete')
  stop 3
end program
