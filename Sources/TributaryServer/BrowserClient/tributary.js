let e=['connected','subscribed','gap','heartbeat','replay.end','server_close'],b={'message.replay':'message.new',job_started:'job.started',job_completed:'job.completed',manifest_changed:'manifest.changed','github-sync':'github-sync.status'},ta=e=>b[e]??e,n=(e,i,t)=>{let n=()=>e.delete(i)
if(!t?.aborted)e.add(i)
t?.addEventListener('abort',n)
return n},sn=(e,...ia)=>{for(let[i]of[...e])
try{i(...ia)}catch(a){reportError(a)}},eo=()=>{let n=new TextDecoder,eo=''
return e=>{let r=(eo+n.decode(e,{stream:!0})).replace(/\r\n|\r(?!$)/g,'\n').split('\n\n'),t=[]
eo=r.pop()
for(let u of r){let se={},o=''
for(let i of u.split('\n')){let[s,it='']=i.split(/: ?(.*)/s)
if(s=='data')o+='\n'+it
else se[s]=it}
if(o)t.push({e:se.event||'message',d:o.slice(1),i:+se.id})}
return t}},oo=(er,ia)=>{let se={},L=new Set,a={state:'disconnected'},eL=new Set,tt=[],ee=new Map,o,l,b={f:0},s,J,T,i,lt,nt,g,cl,_,B,h,ne,d=0,K,k,y=new Map,it,ts,p,r,U,st,to,ao,lo,P='localStorage',ct='sessionStorage',an=(e,t)=>{try{return globalThis[e].getItem(er+t)??void 0}catch{}},en=(e,t,n)=>{try{globalThis[e].setItem(er+t,n)
return !0}catch{}},rt=()=>Date.now()+'-'+Math.random(),ra=e=>new Promise(i=>setTimeout(ts=i,e)),et=new Set,re=new Map,nn=(e,t)=>{let i=re.get(e)
if(!i&&!t?.draft)return
if(t)re.set(e,{clientMsgId:e,...i,...t})
else re.delete(e)
cs.entries=[...re.values()]
sn(et,cs.entries)},cs={entries:[],add:(e,t)=>nn(e,{draft:t,state:'pending'}),settle:(e,t)=>nn(e,{state:'sent',answer:t}),fail:(e,t)=>nn(e,{state:'failed',error:t}),remove:e=>nn(e),onChange:e=>n(et,[e])},cn=(e,i,d,t)=>fetch(e,{cache:'no-store',credentials:'include',headers:i?{Authorization:'Bearer '+i}:{},signal:d,...t}),ot=({status:n,headers:e})=>{let i=e.get('Retry-After')
if(n!=200||!/^text\/event/i.test(e.get('Content-Type')))
throw{status:n,retry_ms:i*1e3||Date.parse(i)-Date.now()||0}},rs=async(t,n,a)=>{let e=await cn(t,n,a)
ot(e)
await te([])
let se=e.body.getReader(),ra=eo()
for(;;){let{done:i,value:s}=await se.read()
if(i)return
await te(ra(s))}},ls=async(r,i,a)=>{if(i)r.searchParams.set('token',i)
let t=new EventSource(r,{withCredentials:!0}),o,s
await new Promise((i,c)=>{let n=({type:a,data:d,lastEventId:n})=>{let i=n!=s&&+n
s=n
if(e.includes(a))JSON.parse(d).events?.map(ta)
o=o.then(()=>te([{e:a,d:d,i}])).catch(c)},ta=e=>t.addEventListener(e,n)
e.map(ta)
t.onopen=()=>o=te([])
t.onerror=a.onabort=i}).finally(()=>t.close())
if(!o)ot(await cn(r,i,a,{method:'HEAD'}))
await o},oo=(er,i)=>{let n=new URL(er,ia),O={project_id:se.project,user_id:se.user,...i}
for(let t in O)if(O[t]!=null)n.searchParams.set(t,O[t])
return n},ss=async(t,n,a)=>cn(oo(t,n),await se.token?.(),AbortSignal.timeout(15e3),a&&{method:'POST',body:JSON.stringify(a)}),aa=e=>/^4(?!08|25|29)/.test(e),at=()=>T?s:'at',le=r=>{for(let u of r){let{e:s,d,i:n,r:l}=u
if(n){o=n
if(eL.has(n))continue
let[i]=eL.add(n)
if(eL.size>10e3)eL.delete(i)
if(tt.push(u)>500)tt.shift()}
let a=ta(s),b=JSON.parse(d),O={name:a,type:s,id:n||void 0,data:b,replayed:!!l,raw:d}
if(s=='gap'&&b.reason=='log_reset')eL.clear()
if(a=='presence.snapshot')ee.clear()
if(/^presence/.test(a)&&ee.size<500)ee.set(b?.userId,{e:s,d})
cs.remove(b?.client_msg_id)
for(let[t]of L)sn([...t].filter(([,o])=>o==a||o=='*'&&!e.includes(a)),b,O)}
if(o!=null){en(ct,at(),o)
if(h)en(P,'at',o)}},nr=async(t,d,i)=>{for(;;){let a=await ss('history',{channels:ar(),after:t,limit:1e3})
if(aa(a.status))return
let{events:e,more:s}=await a.json()
i(e.map(({id:n,event:a,data:e})=>({e:a,d:JSON.stringify(e),i:n,r:1})))
t=e.at(-1)?.id
if(!s||!t||e.some(({id:e})=>e>d))return !0}},$=()=>{le(l??[])
l=void 0},os={state:'limited',retryIn:1},ae=async e=>{while(h==e){let a=b,r=b.u-Date.now()
p=0
B=st=Infinity
if(r>0){lr(b.s)
await ra(Math.min(r,2e9))}else{if(!b.f)lr({state:'connecting'})
let t=await na(e).catch(c=>c)
if(h==e&&b==a)nc(t??{})}}},nc=({reason:s,reconnect:n,retry_ms:t=0,status:a})=>{let d=Date.now()-st>10e3?0:b.f,e=Math.min(30e3,1e3*2**d)
if(s=='replaced')n=t=100+300*Math.random()
let K=Math.max(t,Math.random()*e),o={state:'reconnecting',attempt:d+1,retryIn:1}
if(n)K=d?K:t
else if(a==429){K=Math.max(t,e)
o=os
en(P,'until',Date.now()+K)}else if(/40[13]/.test(a)){if(se.token&&!lo)K=0
else o={state:'blocked',status:a}
lo=!0}else if(s||a==204||aa(a))o={state:'closed',reason:s??(a==204?'no_content':'refused'),status:a}
b={f:d+1,u:Date.now()+(o.retryIn?K:2e9),s:o}},na=async e=>{let d=await se.token?.()
if(h!=e)return
let n=i?s:an(P,'instance')??s
en(P,'instance',n)
r=ar()
it=new AbortController
B=Date.now()-7500
let t=oo('stream',{channels:r,client_instance_id:n,from_seq:o,heartbeat:'event',heartbeat_ms:5e3})
await(se.transport=='eventsource'?ls:rs)(t,d,it.signal).finally(c)},te=async r=>{let se=it.signal,n=[],m=e=>{if(se.aborted)throw{}
el('ev',{e:e})
le(e)
n=[]
v()}
B=Date.now()
for(let u of r){let{e:s}=u,a=e.includes(s)&&JSON.parse(u.d)
if(s=='connected'){st=Date.now()
p=a.connection_id
U=a.channels
to=a.from_seq!=null
o=+(o??a.latest_seq??0)
lo=!1
b.u=0
lr({state:'connected',leader:!0})}
if(s=='replay.end')to=!1
if(a.reason=='replay_limit'){m(n)
B=Infinity
let t=await nr(o,a.to,m)
B=Date.now()
if(t)continue}
u.r=to
n.push(u)
if(s=='server_close'){m(n)
throw a}}
if(n[0])m(n)},rc=async()=>{let e=ar()
if(!h||!p||ao||e+''==r+'')return
ao=!0
let a=await ss('stream/'+p+'/channels',{},{add:e??['all'],remove:(r?.[0]?r:U).filter(a=>e&&!e.includes(a))}).catch(()=>({}))
ao=!1
if(a.ok||aa(a.status))r=e},u=()=>{if(!h)return el('force')
lo=!1
if(a.state!='limited')b={f:0}
c()},c=()=>{it?.abort()
ts?.()},el=(t,e)=>nt?.postMessage({t,f:s,n:d,...e}),f=({...e})=>{if(i)e.solo=!0
if(e.leader)e.leader=!!h
if(e.retryIn)e.retryIn=b.u-Date.now()
if(JSON.stringify(e)==JSON.stringify(a))return
a=e
for(let[,t]of L)sn(t,e)},lr=a=>{f(a)
el('status',{s:a,h:b})},lc=async()=>{if(J||!L.size||!globalThis.document)return
let e=J=new AbortController
T=navigator.locks
f({state:'connecting'})
let t=(t=rt())=>new Promise((i,a)=>T.request(er+t,{signal:AbortSignal.timeout(150)},()=>{en(ct,'tab',t)
i(t)
return or(e)}).catch(a)),n=await t(an(ct,'tab')).catch(()=>t()).catch(()=>{T=void 0
return rt()})
if(J!=e)return
s=n
i=!globalThis.BroadcastChannel||!T&&!en(P,'tab',1)
o??=an(ct,at())
b={u:an(P,'until'),s:os,...b}
B=Date.now()
l=[]
if(!i){nt=new BroadcastChannel(er)
lt=new BroadcastChannel(er)
lt.onmessage=({data:e})=>on(e,e.f,e.t)}
g=setInterval(()=>{if(h||Date.now()-B>4e3+500*Math.random())ea()
if(!p)v()},500)
w()
m()},or=({signal:o})=>new Promise(i=>o.onabort=i),m=e=>{if(i)return ec()
if(!T)return ce(e)
ne?.abort()
let n=ne=new AbortController,{signal:o}=n
T.request(er,e?{steal:e}:{signal:o},()=>{if(o.aborted)return
ec()
return or(n)}).catch(()=>o.aborted||ic())},ec=()=>{h={}
_=s
d=Math.max(d+1,Date.now())
if(o!=null)l=l?.filter(({i})=>!i)
$()
o??=an(P,'at')??se.from
ae(h)
el('lead',{c:[...y.keys()]})},eu=()=>{ne?.abort()
if(!h)return
h=void 0
B=Date.now()
c()
if(an(P,'lease')==s)en(P,'signed',0)},ic=()=>{if(!h)return
eu()
m()},on=(e,t,n)=>{if(t==s)K&&=2
else if(n=='want'){al(t,e.c)
if(h&&e.j)el('sync',{to:t,s:a,h:b,c:[...y],e:tt,b:[...ee.values()],p:o})}else if(n=='bye'){oi(t)
if(t==_)ce()}else if(n=='force')h&&u()
else if(n=='probe'){if(!h)return
ea()
ts?.()
if(!p||Date.now()-B<6e3)lr(a)
else ic()}
else if(e.n>d-!h){ic()
d=e.n
_=t
B=Date.now()
K=0
if(n=='lead')(l||!e.c.includes(s))&&oc()
else if(n=='ev')l?l.push(...e.e):le(e.e)
else{b=e.h
f(e.s)
if(e.to==s&&l)sr(e)}}},oc=()=>el('want',{c:y.get(s),j:!!l}),sr=async({c:t,e:tt,b,p:s})=>{let e=o??(an(P,'at')?void 0:se.from),d=tt.findIndex(({i})=>i==e)
t.map(([n,t])=>y.has(n)||al(n,t))
if(e!=null&&e!=s&&d<0&&!await nr(e,void 0,le).catch(()=>{}))
le([{e:'gap',d:'{"reason":"log_unavailable"}'}])
le([...tt.slice(e==s?500:d+1),...b].map(e=>({...e,r:1})))
o=s??o
$()},ea=()=>{if(h){if(Date.now()-B>12500)c()
rc()}else if(!document.hidden&&!K){K=1
el('probe')
setTimeout(()=>{if(K>1&&J&&!h)m(!0)
K=0},1500+500*Math.random())}},oi=e=>{y.delete(e)
rc()},al=(t,e)=>{if(!y.has(t))T?.request(er+t,{signal:J.signal},()=>oi(t)).catch(()=>{})
y.set(t,e)
rc()},w=()=>{let e=ai([...L].map(([,,o])=>o&&[...o]))
if(!L.size||e+''==y.get(s)+'')return
al(s,e)
oc()},ai=e=>e.includes(null)?null:[...new Set(e.flat())].sort(),ar=()=>ai([...y.values()]),A=()=>{eu()
el('bye')
clearInterval(g)
J?.abort()
lt?.close()
nt?.close()
ne=J=nt=_=null
y.clear()
f({state:'disconnected'})},eA=()=>{en(P,'lease',s)
en(P,'signed',Date.now())},li=e=>Date.now()-an(P,'signed')<e,v=()=>{if(T||i||!h)return
if((an(P,'lease')??s)!=s)eu()
else if(!li(1e3))eA()},ce=async r=>{if(k||T)return
let n=()=>J&&!h
k=!0
await ra(50*Math.random())
if(n()&&(r||!li(6e3))){eA()
await ra(120)
if(n()&&an(P,'lease')==s)ec()}
k=!1},as=r=>{let{channels:e}=r,et=new Set,t=new Set,nt=e&&e!='all'?new Set((e+'').split(',')):null,i=[et,t,nt],l,as=e=>n(t,[e]),on=(e,te,{signal:t}={})=>n(et,[te,ta(e)],t),ic=()=>{if(!L.delete(i))return
l={state:'closed',reason:'disposed'}
sn(t,l)
clearTimeout(cl)
cl=setTimeout(()=>L.size?w():A(),200)}
Object.assign(se,r)
L.add(i)
J?w():lc()
return{get status(){return l??a},get tab(){return{id:s,leader:_,term:d,last:o,tabs:[...y]}},outbox:cs,on,onStatus:as,events(e,{signal:t}={}){let tt=[],ss,n=()=>ss?.(),i=[on(e,(t,e)=>n(tt.push(e))),as(n)]
t?.addEventListener('abort',n)
return async function*(){try{while(tt[0]||!(l||t?.aborted)){if(tt[0])yield tt.shift()
else await new Promise(e=>ss=e)}}finally{i.map(e=>e())}}()},subscribe(e){nt?.add(e)
w()},unsubscribe(e){nt?.delete(e)
setTimeout(w,200)},reconnect:u,request:ss,send:{typing:e=>ss('typing',{},{state:e})},presence:{set:e=>ss('presence',{},{status:e})},dispose:ic,[Symbol.dispose]:ic}},O={pagehide:A,freeze:A,pageshow:lc,resume:lc,visibilitychange:ea,storage:v,online:()=>h&&a.retryIn&&u()}
for(let t in O)globalThis.addEventListener?.(t,O[t],!0)
import.meta.hot?.dispose(()=>{A()
L.clear()})
return as},y=new Map
export let connect=e=>{let n=new URL(((e.url??'')+'/').replace(/\/+$/,'/'),globalThis.document?.baseURI),t=[n,e.user,e.project,1]+'',or=y.get(t)??oo(t,n)
y.set(t,or)
return or(e)}
