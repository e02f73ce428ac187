package ws_test
import ("testing";"weir/ws";"github.com/klauspost/compress/flate";stdflate "compress/flate")
func TestZZ(t *testing.T){
 m := []byte("|\xcc;\x0e\x80 \x18\x04\xe1\xbblY!O0\xb7\xb1( A1Ah\x8cw7\xb1X\xbb\xbf.27 Aa11070000002020000000002000000000007\x857")
 for range 3 {
 a,e:=readAll(flate.NewReader,m); t.Logf("k %d %v %q",len(a),e,a)
 a,e=readAll(stdflate.NewReader,m); t.Logf("s %d %v %q",len(a),e,a)
 a,e=inflate(t,m,ws.InflateLimit{}); t.Logf("w %d %v %q",len(a),e,a)
 a,e=strictInflate(m,nil,15); t.Logf("x %d %v %q",len(a),e,a)
 }
}
