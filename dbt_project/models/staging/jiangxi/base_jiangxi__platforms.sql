{{ disposed(ref('typed_jiangxi__platforms')) }}
