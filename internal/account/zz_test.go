package account
import ("testing";"fmt";"unicode";"golang.org/x/text/unicode/norm";"golang.org/x/text/cases";"strings")
func TestZZ(t *testing.T){
 // idempotence over single runes and pairs with marks
 n:=0
 for r:=rune(0);r<=unicode.MaxRune;r++{
  if r>=0xd800&&r<0xe000{continue}
  for _,s:=range []string{string(r),"a"+string(r)+"b",string(r)+"\u0345\u0301", "α\u0345"+string(r), "\u0301"+string(r)+"\u0323"} {
  k:=emailKey(s)
  if emailKey(k)!=k && n<40 {n++; fmt.Printf("%U %q -> %q -> %q\n",r,s,k,emailKey(k))}
  if a,b:=emailKey(norm.NFC.String(s)),emailKey(norm.NFD.String(s)); a!=b||a!=k { n++; if n<40 {fmt.Printf("norm %U %q: %q %q %q\n",r,s,k,a,b)}}
  u:=strings.ToUpper(s); l:=strings.ToLower(s)
  if strings.ToLower(u)==s && emailKey(u)!=k {n++; if n<60{fmt.Printf("upper %U %q: %q %q\n",r,s,k,emailKey(u))}}
  if strings.ToUpper(l)==s && emailKey(l)!=k {n++; if n<60{fmt.Printf("lower %U %q: %q %q\n",r,s,k,emailKey(l))}}
  }
 }
 fmt.Println("n",n)
 long:="a"+strings.Repeat("\u0301",60)+"@b.com"
 fmt.Printf("%q\n",emailKey(long)); fmt.Println(emailKey(emailKey(long))==emailKey(long), emailKey(norm.NFD.String(norm.NFC.String(long)))==emailKey(long))
 _=cases.Fold
 for _,e:=range []string{"a@b","a@[127.0.0.1]","a@[IPv6:::1]","a@b.","a@.b","a@-b","a@b..c","a.@b","\"a\"@b","\"a@b\"@c","a@b@c","a@b,c@d","a@b;","(x)a@b","a@b(x)","a(x)@b","<a@b>","A <a@b>","a@ b","a @b","ä@ö.de","=?utf-8?q?a?=@b.c","a@b\u200b","a\u00ad@b","\ufeffa@b","a\u2060@b","a\ufe0f@b.c","a\u034f@b.c","a\u3164@b.c","a\u115f@b","a\ufffd@b","a\xff@b","a@b%","a@b_c","a@b/c","a@b?c","a/b@c","a'b@c","a`b@c","a:b@c","g:a@b;","a\\b@c","@b","a@","@","a","a@\"b\"","a@[b","a@{b}","a@1","!#$%&'*+-/=?^_`{|}~@x","a\tb@c","a@b\n","a@b\x00","\u00a0a@b\u00a0", "a@b c", "a@[x y]","a@[]","a@b.[c]"} {
  g,p:=normalEmail(e); fmt.Printf("%q -> %q %v\n",e,g,p!="")
 }
 for _,x:=range []string{"a\u0000","\u200b","\u3164","\u2800","\xff","a\xffb"," \u00a0x\u3000","A\u030a","\u202ea","a\u200db","\u2028","a\u2028b","\u0301","\u115f","a\u0085","\u0085a","\ufeffa","a\u00adb","\U000e0041","a\u061cb","a\u200eb"} { g,p:=normalName(x); fmt.Printf("name %q -> %q %q\n",x,g,p)}
 type S struct{ P Password; q Password; r *Password; T Token}
 pw:=Password("hunter2hunter2")
 for _,v:=range []string{"%v","%+v","%#v","%s","%q","%x","%X","%d","%t","%p","%w","%T","%c","%U","%10v","%z","%e"} { fmt.Printf(v+"  %s\n", fmt.Sprintf(v,pw), fmt.Sprintf(v,S{pw,pw,&pw,"TOKEN"}))}
 fmt.Println(fmt.Sprintf("x",pw), fmt.Sprint(pw,&pw,[]Password{pw},map[Password]int{pw:1}), fmt.Sprintf("%!",pw), fmt.Sprintf("%*d",pw,pw), fmt.Sprintf("%[9]d",pw))
}
